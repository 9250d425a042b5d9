import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { orExhausted } from "#store/full-disk.ts";
import { algorithmOf, type BlobDigest, type DigestAlgorithm, digestSoFar } from "../protocol/digest.ts";
import type { VerifiedBlob } from "../repositories/contract.ts";
import type { UploadData } from "./contract.ts";

/** Written at once: fewer turns of the file system's threads than chunks as sockets give them. */
const BATCH_BYTES = 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/**
 * A file that grows by what a client sends, and is hashed on the way. What was written by a process that is gone is hashed again when
 * somebody goes on with it.
 */
export class UploadFile implements UploadData {
  readonly path: string;
  #size: number;
  #unwritten = (): number => 0;
  #hash: { readonly algorithm: DigestAlgorithm; readonly value: Hash } | undefined;

  /** @param size what is in the file already. */
  constructor(path: string, size: number, algorithm: DigestAlgorithm = "sha256") {
    this.path = path;
    this.#size = size;
    if (size === 0) this.#hash = { algorithm, value: createHash(algorithm) };
  }

  get size(): number {
    return this.#size;
  }

  /** What of it is in the file by now. */
  get written(): number {
    return this.#size - this.#unwritten();
  }

  async append(source: AsyncIterable<Uint8Array>, admit: (bytes: number) => void | Promise<void>, _isLast: boolean): Promise<void> {
    await using file = await open(this.path, "a", 0o600);
    // Of a write that failed half-way there may be more in the file than counts.
    await file.truncate(this.#size);
    const batch = new Batch(file);
    this.#unwritten = () => batch.unwritten;
    try {
      for await (const chunk of source) {
        await admit(chunk.length);
        this.#hash?.value.update(chunk);
        const added = batch.add(chunk);
        this.#size += chunk.length;
        await added;
      }
    } finally {
      await batch.flush().catch((error: unknown) => {
        // What is on the disk is no longer what was hashed: only a look at the file can tell.
        this.#forget(batch.unwritten);
        this.#unwritten = () => 0;
        throw orExhausted(error, "writing an upload failed");
      });
    }
  }

  async digest(algorithm: DigestAlgorithm): Promise<BlobDigest> {
    if (this.#hash?.algorithm !== algorithm) this.#hash = { algorithm, value: await hashFile(this.path, algorithm) };
    return digestSoFar(algorithm, this.#hash.value);
  }

  async isOf(digest: BlobDigest): Promise<boolean> {
    return (await this.digest(algorithmOf(digest))) === digest;
  }

  as(digest: BlobDigest): VerifiedBlob {
    return { size: this.size, store: (storage) => storage.storeBlob(digest, this.path) };
  }

  #forget(unwritten: number): void {
    this.#size -= unwritten;
    this.#hash = undefined;
  }
}

/** Gathers chunks, and writes one batch while the next one comes. */
class Batch {
  readonly #file: FileHandle;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  unwritten = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.unwritten += chunk.length;
    if (this.#bytes < BATCH_BYTES) return;
    await this.#writing;
    this.#start();
  }

  async flush(): Promise<void> {
    await this.#writing;
    this.#start();
    await this.#writing;
  }

  #start(): void {
    const [chunks, bytes] = [this.#chunks, this.#bytes];
    this.#chunks = [];
    this.#bytes = 0;
    if (bytes === 0) return;
    this.#writing = writeAll(this.#file, chunks, bytes).then(() => {
      this.unwritten -= bytes;
    });
    // Whoever waits next is told; until then it must not be nobody's.
    this.#writing.catch(() => undefined);
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev([...chunks]);
  if (bytesWritten === bytes) return;
  // Short writes end in an error of their own, which is what is wanted: a full disk says so.
  await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}

async function hashFile(path: string, algorithm: DigestAlgorithm): Promise<Hash> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash;
}
