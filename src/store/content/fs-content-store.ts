import { randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, statSync } from "node:fs";
import { open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { hexOf, isDigest, parseDigest, type Digest } from "#spec/digest.ts";
import { orExhausted } from "../full-disk.ts";
import { currentBootId } from "../snapshots/boot-id.ts";
import type { GrowingFile } from "../worker/growing-file.ts";
import type { ContentStore, ExpectedBlob } from "./contract.ts";
import { writeBlob } from "./ingest.ts";
import { UnsyncedBlobs } from "./unsynced-blobs.ts";
import { overLimit, verify } from "./verify.ts";

export interface ContentStoreOptions {
  /** Belongs to the store alone. */
  readonly root: string;
  readonly idleMs?: number;
  /** See `currentBootId`. */
  readonly bootId?: string;
}

interface Found {
  readonly digest: Digest;
  readonly size: number;
}

const HEAP_MEGABYTES = 128;
const STREAMS_AT_ONCE = 256;
const READ_BYTES = 256 * 1024;
/** Of stat(2). */
const BLOCK = 512;

export function createContentStore(options: ContentStoreOptions): FsContentStore {
  return new FsContentStore(options);
}

/** Blobs as files `blobs/sha256/<hex>`, as in an OCI image layout. */
export class FsContentStore implements ContentStore {
  readonly #blobs: string;
  readonly #temporary: string;
  readonly #pool: WorkerPool;
  readonly #unsynced: UnsyncedBlobs;
  readonly #ingests = new Map<Digest, Promise<unknown>>();

  constructor({ root, idleMs = 5_000, bootId = currentBootId() }: ContentStoreOptions) {
    this.#blobs = join(root, "blobs/sha256");
    this.#temporary = join(root, "ingest");
    for (const folder of [this.#blobs, this.#temporary]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#unsynced = new UnsyncedBlobs({ folder: join(root, "unsynced"), bootId, sync: (name) => this.#sync(name) });
    this.#pool = new WorkerPool({
      name: "digest",
      url: workerUrl("digest"),
      threads: 1,
      jobsPerThread: STREAMS_AT_ONCE,
      idleMs,
      heapMegabytes: HEAP_MEGABYTES,
    });
  }

  sizeOf(digest: Digest): number | undefined {
    return statSync(this.#fileOf(digest), { throwIfNoEntry: false })?.size;
  }

  diskSizeOf(digest: Digest): number | undefined {
    const stats = statSync(this.#fileOf(digest), { throwIfNoEntry: false });
    return stats && stats.blocks * BLOCK;
  }

  async ingest(
    source: AsyncIterable<Uint8Array>,
    expected: ExpectedBlob,
    signal: AbortSignal,
    onGrowing?: (file: GrowingFile) => void,
  ): Promise<{ digest: Digest; size: number }> {
    const { digest } = expected;
    if (digest === undefined) return this.#ingest(source, expected, signal);
    // Whoever fetches the same blob already will be done earlier; should he fail, it is our turn.
    for (let other = this.#ingests.get(digest); other !== undefined; other = this.#ingests.get(digest)) await settled(other, signal);
    const size = this.sizeOf(digest);
    if (size !== undefined) return { digest, size };
    const work = this.#ingest(source, expected, signal, onGrowing).finally(() => this.#ingests.delete(digest));
    this.#ingests.set(digest, work);
    return work;
  }

  async produce(write: (path: string) => Promise<{ digest: Digest; size: number }>): Promise<void> {
    const temporary = join(this.#temporary, randomBytes(12).toString("hex"));
    try {
      await this.#publishUnsynced(temporary, await write(temporary));
    } catch (error) {
      await unlink(temporary).catch(ignoreMissing);
      throw orExhausted(error, "writing a blob failed");
    }
  }

  async read(digest: Digest, limit: number): Promise<Buffer> {
    if (this.#sizeOrThrow(digest) > limit) throw overLimit(limit);
    return readFile(this.#fileOf(digest));
  }

  stream(digest: Digest, offset = 0): AsyncIterable<Uint8Array> {
    this.#sizeOrThrow(digest);
    return createReadStream(this.#fileOf(digest), { start: offset, highWaterMark: READ_BYTES });
  }

  pathOf(digest: Digest): string {
    this.#sizeOrThrow(digest);
    return this.#fileOf(digest);
  }

  async remove(digest: Digest): Promise<void> {
    await unlink(this.#fileOf(digest)).catch(ignoreMissing);
  }

  *list(): Generator<{ digest: Digest; size: number }> {
    for (const name of readdirSync(this.#blobs)) {
      const digest = `sha256:${name}`;
      const size = isDigest(digest) ? this.sizeOf(digest) : undefined;
      if (isDigest(digest) && size !== undefined) yield { digest, size };
    }
  }

  async sweep(): Promise<void> {
    for (const name of this.#unsynced.resume()) {
      await unlink(join(this.#blobs, name)).catch(ignoreMissing);
      await this.#unsynced.unmark(name);
    }
    for (const name of await readdir(this.#temporary)) await unlink(join(this.#temporary, name)).catch(ignoreMissing);
  }

  /** Ends the thread that hashes, and waits until all is on the disk. */
  async close(): Promise<void> {
    await this.#unsynced.settle();
    await this.#pool.close();
  }

  async #ingest(
    source: AsyncIterable<Uint8Array>,
    expected: ExpectedBlob,
    signal: AbortSignal,
    onGrowing?: (file: GrowingFile) => void,
  ): Promise<{ digest: Digest; size: number }> {
    if (expected.size !== undefined && expected.size > expected.limit) throw overLimit(expected.limit);
    const temporary = join(this.#temporary, randomBytes(12).toString("hex"));
    try {
      const onFile = (progress: SharedArrayBuffer): void => {
        // Where it is going to be is known when what it is going to be is.
        if (expected.digest !== undefined) onGrowing?.({ paths: [temporary, this.#fileOf(expected.digest)], progress });
      };
      const { synced, ...found } = await writeBlob(this.#pool, temporary, source, expected, signal, onFile);
      verify(expected, found);
      if (synced) await this.#publishSynced(temporary, found);
      else await this.#publishUnsynced(temporary, found);
      return found;
    } catch (error) {
      await unlink(temporary).catch(ignoreMissing);
      throw orExhausted(error, "writing a blob failed");
    }
  }

  async #publishSynced(temporary: string, { digest }: Found): Promise<void> {
    await rename(temporary, this.#fileOf(digest));
    await this.#syncNames();
  }

  async #publishUnsynced(temporary: string, { digest }: Found): Promise<void> {
    // The one that is here may be safe already, which the new one is not.
    if (this.sizeOf(digest) !== undefined) return unlink(temporary);
    const name = hexOf(digest);
    this.#unsynced.mark(name);
    await rename(temporary, this.#fileOf(digest));
    this.#unsynced.start(name);
  }

  async #sync(name: string): Promise<void> {
    // On a thread of libuv's pool. Any descriptor of the file will do.
    await using file = await open(join(this.#blobs, name), "r+");
    await file.sync();
    await this.#syncNames();
  }

  async #syncNames(): Promise<void> {
    await using folder = await open(this.#blobs, "r");
    await folder.sync();
  }

  #sizeOrThrow(digest: Digest): number {
    const size = this.sizeOf(digest);
    if (size === undefined) throw new EngineError("not-found", `blob ${digest} does not exist`);
    return size;
  }

  /** A digest becomes a path: whatever the type says, it is looked at again here. */
  #fileOf(digest: Digest): string {
    return join(this.#blobs, hexOf(parseDigest(digest)));
  }
}

async function settled(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => {
    aborted.resolve();
  };
  signal.addEventListener("abort", abort, { once: true });
  await Promise.race([work.catch(() => undefined), aborted.promise]);
  signal.removeEventListener("abort", abort);
  if (signal.aborted) throw new EngineError("cancelled", "the caller went away", { cause: signal.reason });
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
