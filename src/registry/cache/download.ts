import { type FileHandle, open } from "node:fs/promises";
import { messageOf } from "#errors/engine-error.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { BlobDigest } from "../protocol/digest.ts";
import type { ByteRange } from "../protocol/range.ts";
import { removeFile } from "../storage/durable-files.ts";
import { UploadFile } from "../uploads/upload-file.ts";
import type { UpstreamBlob } from "./upstream.ts";

const READ_BYTES = 256 * 1024;

export interface DownloadTarget {
  readonly digest: BlobDigest;
  /** Of its own. */
  readonly path: string;
  /** Takes the file, which was found to be what the digest says. Never rejects: who reads has all of it, kept or not. */
  keep(path: string, size: number): Promise<void>;
  /** Reads it from where it was taken to. */
  kept(range: ByteRange): AsyncIterable<Uint8Array>;
}

/**
 * A blob that comes from upstream: it is written to a file once, and everybody who wants it reads from there what has come so far. Who reads
 * gets bytes before they are verified, as from upstream itself, but never the end of a blob that turned out to be another.
 */
export class Download {
  readonly size: number;
  /** Settles when all is over; never rejects. */
  readonly done: Promise<void>;
  readonly #file: UploadFile;
  readonly #target: DownloadTarget;
  #failure: Error | undefined;
  #isVerified = false;
  #changed = Promise.withResolvers<void>();

  constructor({ size, body }: UpstreamBlob, target: DownloadTarget) {
    this.size = size;
    this.#target = target;
    this.#file = new UploadFile(target.path, 0, target.digest.startsWith("sha512:") ? "sha512" : "sha256");
    this.done = this.#run(body).then(undefined, (error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error(messageOf(error));
      this.#tell();
      return removeFile(target.path);
    });
  }

  /** What of it is asked for, as it comes. @throws what the download fails with. */
  async *read({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    let at = start;
    // Open for as long as it is read: the file may be moved to its place, or be removed for one that is there already.
    const file = await this.#opened();
    if (file === undefined) return yield* this.#target.kept({ start, end });
    try {
      while (at <= end) {
        // The last byte is held back until the whole is known to be right.
        const readable = this.#isVerified ? this.size : Math.min(this.#written, this.size - 1);
        if (this.#failure !== undefined) throw this.#failure;
        if (at >= readable) {
          await this.#changed.promise;
          continue;
        }
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at + 1, readable - at));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  get #written(): number {
    return this.#file.written;
  }

  /** Undefined when it is in its place by now. */
  async #opened(): Promise<FileHandle | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        return await open(this.#target.path, "r");
      } catch {
        if (this.#isVerified) return undefined;
        await this.#changed.promise;
      }
    }
  }

  async #run(body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#file.append(this.#told(body), () => undefined, true);
    const { digest } = this.#target;
    if (this.#file.size !== this.size || !(await this.#file.isOf(digest))) {
      throw new RegistryError("UNAVAILABLE", "upstream has sent something else than was asked for", { status: 502, detail: { digest } });
    }
    this.#isVerified = true;
    this.#tell();
    await this.#target.keep(this.#target.path, this.size);
  }

  async *#told(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      yield chunk;
      this.#tell();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
