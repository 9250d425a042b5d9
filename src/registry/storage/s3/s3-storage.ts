import { createReadStream } from "node:fs";
import { algorithmOf, type BlobDigest, hexOf, isBlobDigest, parseBlobDigest } from "../../protocol/digest.ts";
import type { ByteRange } from "../../protocol/range.ts";
import { RegistryError } from "../../protocol/registry-error.ts";
import { checkKey, type RegistryStorage, type Written } from "../contract.ts";
import { removeFile } from "../durable-files.ts";
import type { Bucket } from "./bucket.ts";
import { inNameOrder } from "./name-order.ts";
import { PartWriter } from "./part-writer.ts";

const READ_BYTES = 1024 * 1024;

/**
 * Objects of a bucket:
 *
 *     documents/<key>                        what the keys say
 *     blobs/<algorithm>/<2 digits>/<digits>  bytes
 *     uploads/<id>/…                         blobs on their way in (`s3-uploads.ts`)
 *
 * An object is there whole or not at all, and what is listed and read is what was written last: S3 gives that since 2020, and so do the
 * stores that are like it.
 */
export class S3Storage implements RegistryStorage {
  readonly #bucket: Bucket;
  readonly #partBytes: number;

  constructor(bucket: Bucket, { partBytes }: { readonly partBytes: number }) {
    this.#bucket = bucket;
    this.#partBytes = partBytes;
  }

  get(key: string): Promise<Buffer | undefined> {
    return this.#bucket.get(documentKey(key));
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#bucket.put(documentKey(key), bytes);
  }

  delete(key: string): Promise<void> {
    return this.#bucket.delete(documentKey(key));
  }

  stat(key: string): Promise<Written | undefined> {
    return this.#bucket.head(documentKey(key));
  }

  async *documents(folder: string, after = ""): AsyncGenerator<string> {
    for await (const { kind, name } of this.#bucket.entries(documentKey(folder), after)) if (kind === "object") yield name;
  }

  folders(folder: string, after = ""): AsyncIterable<string> {
    return inNameOrder(this.#folderNames(documentKey(folder), after));
  }

  statBlob(digest: BlobDigest): Promise<Written | undefined> {
    return this.#bucket.head(blobKey(digest));
  }

  async *readBlob(digest: BlobDigest, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const isThere = yield* this.#bucket.read(blobKey(digest), range);
    if (!isThere) throw new RegistryError("BLOB_UNKNOWN", "the blob is gone");
  }

  async storeBlob(digest: BlobDigest, file: string): Promise<void> {
    const key = blobKey(digest);
    if ((await this.#bucket.head(key)) === undefined) await this.#store(key, file);
    await removeFile(file);
  }

  deleteBlob(digest: BlobDigest): Promise<void> {
    return this.#bucket.delete(blobKey(digest));
  }

  async *blobs(): AsyncGenerator<BlobDigest> {
    for await (const { key } of this.#bucket.keys("blobs")) {
      const [, algorithm, , hex] = key.split("/");
      const digest = `${algorithm}:${hex}`;
      if (isBlobDigest(digest)) yield digest;
    }
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }

  async #store(key: string, file: string): Promise<void> {
    const writer = new PartWriter(this.#bucket, key, { partBytes: this.#partBytes });
    try {
      for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>) await writer.add(chunk);
      await writer.finish();
    } catch (error) {
      await writer.drop().catch(() => undefined);
      throw error;
    }
  }

  async *#folderNames(folder: string, after: string): AsyncGenerator<string> {
    // What begins like `after` and goes on is behind it, and so is the folder `after` itself: its keys are longer than its name.
    for await (const { kind, name } of this.#bucket.entries(folder, after)) if (kind === "folder" && name > after) yield name;
  }
}

export function blobKey(digest: BlobDigest): string {
  const hex = hexOf(parseBlobDigest(digest));
  return `blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
}

function documentKey(key: string): string {
  return `documents/${checkKey(key)}`;
}
