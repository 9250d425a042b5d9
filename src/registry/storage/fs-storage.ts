import { randomBytes } from "node:crypto";
import { createReadStream, type Dirent } from "node:fs";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { orExhausted } from "#store/full-disk.ts";
import { algorithmOf, type BlobDigest, hexOf, isBlobDigest, parseBlobDigest } from "../protocol/digest.ts";
import type { ByteRange } from "../protocol/range.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import { checkKey, type RegistryStorage, type Written } from "./contract.ts";
import { isMissing, moveInto, pruneFolders, removeFile, syncFile, writeSynced } from "./durable-files.ts";

const READ_BYTES = 256 * 1024;

/**
 * Files below one folder, which belongs to it alone:
 *
 *     documents/<key>                        what the keys say
 *     blobs/<algorithm>/<2 digits>/<digits>  bytes
 *     temporary/                             what is being written; swept at the start
 */
export class FsStorage implements RegistryStorage {
  readonly #documents: string;
  readonly #blobs: string;
  readonly #temporary: string;

  private constructor(root: string) {
    this.#documents = join(root, "documents");
    this.#blobs = join(root, "blobs");
    this.#temporary = join(root, "temporary");
  }

  static async open(root: string): Promise<FsStorage> {
    const storage = new FsStorage(root);
    for (const folder of [storage.#documents, storage.#blobs, storage.#temporary]) await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(storage.#temporary)) await removeFile(join(storage.#temporary, name));
    return storage;
  }

  get(key: string): Promise<Buffer | undefined> {
    return orUndefined(readFile(this.#fileOf(key)));
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#temporary, randomBytes(12).toString("hex"));
    try {
      await writeSynced(temporary, bytes);
      await moveInto(temporary, this.#fileOf(key));
    } catch (error) {
      await removeFile(temporary);
      throw orExhausted(error, "writing a document failed");
    }
  }

  async delete(key: string): Promise<void> {
    const file = this.#fileOf(key);
    await removeFile(file);
    await pruneFolders(dirname(file), this.#documents);
  }

  async stat(key: string): Promise<Written | undefined> {
    return written(this.#fileOf(key));
  }

  async *documents(folder: string, after = ""): AsyncGenerator<string> {
    yield* namesOf(await this.#entriesOf(folder), (entry) => entry.isFile(), after);
  }

  async *folders(folder: string, after = ""): AsyncGenerator<string> {
    for (const name of namesOf(await this.#entriesOf(folder), (entry) => entry.isDirectory(), after)) {
      if (await holdsFile(join(this.#documents, folder, name))) yield name;
    }
  }

  async statBlob(digest: BlobDigest): Promise<Written | undefined> {
    return written(this.#blobFile(digest));
  }

  async *readBlob(digest: BlobDigest, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const part = range === undefined ? {} : { start: range.start, end: range.end };
    try {
      yield* createReadStream(this.#blobFile(digest), { ...part, highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
    } catch (cause) {
      throw isMissing(cause) ? new RegistryError("BLOB_UNKNOWN", "the blob is gone", { cause }) : cause;
    }
  }

  async storeBlob(digest: BlobDigest, file: string): Promise<void> {
    const path = this.#blobFile(digest);
    if ((await written(path)) !== undefined) return removeFile(file);
    try {
      await syncFile(file);
      await moveInto(file, path);
    } catch (error) {
      throw orExhausted(error, "writing a blob failed");
    }
  }

  deleteBlob(digest: BlobDigest): Promise<void> {
    return removeFile(this.#blobFile(digest));
  }

  async *blobs(): AsyncGenerator<BlobDigest> {
    for (const algorithm of await listed(this.#blobs)) {
      for (const prefix of await listed(join(this.#blobs, algorithm))) {
        yield* (await listed(join(this.#blobs, algorithm, prefix))).map((hex) => `${algorithm}:${hex}`).filter(isBlobDigest);
      }
    }
  }

  async close(): Promise<void> {
    // Nothing is open between two calls.
  }

  #fileOf(key: string): string {
    return join(this.#documents, checkKey(key));
  }

  #blobFile(digest: BlobDigest): string {
    const hex = hexOf(parseBlobDigest(digest));
    return join(this.#blobs, algorithmOf(digest), hex.slice(0, 2), hex);
  }

  async #entriesOf(folder: string): Promise<Dirent[]> {
    return (await orUndefined(readdir(join(this.#documents, checkKey(folder)), { withFileTypes: true }))) ?? [];
  }
}

function namesOf(entries: readonly Dirent[], isWanted: (entry: Dirent) => boolean, after: string): string[] {
  const names = entries.filter((entry) => isWanted(entry) && entry.name > after).map(({ name }) => name);
  return names.sort((a, b) => (a < b ? -1 : 1));
}

/** An empty folder is one whose last document goes or whose first one comes right now. */
async function holdsFile(folder: string): Promise<boolean> {
  const entries = (await orUndefined(readdir(folder, { withFileTypes: true }))) ?? [];
  if (entries.some((entry) => entry.isFile())) return true;
  for (const entry of entries) if (entry.isDirectory() && (await holdsFile(join(folder, entry.name)))) return true;
  return false;
}

async function listed(folder: string): Promise<string[]> {
  return (await orUndefined(readdir(folder))) ?? [];
}

async function written(path: string): Promise<Written | undefined> {
  const found = await orUndefined(stat(path));
  return found?.isFile() === true ? { size: found.size, writtenAt: found.mtimeMs } : undefined;
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error) || isFolder(error)) return undefined;
    throw error;
  }
}

function isFolder(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EISDIR";
}
