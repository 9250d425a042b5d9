import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants as zlib, createGzip } from "node:zlib";
import type { JobContext } from "#lib/worker-jobs.ts";
import type { Digest } from "#spec/digest.ts";
import { findIgzipDeflate, type GzipWriter } from "#sys/codecs/igzip-deflate.ts";
import { RingWriter } from "../files/ring.ts";
import type { Compressed } from "./contract.ts";
import type { CompressJob } from "./job.ts";

const READ_BYTES = 1024 * 1024;

let igzip: { open(): GzipWriter } | undefined | "not looked for" = "not looked for";

/** Compresses one file into the ring, and hashes what goes in and what comes out. */
export async function runCompressJob({ path, ring }: CompressJob, { note }: JobContext): Promise<Compressed> {
  if (igzip === "not looked for") igzip = findIgzipDeflate();
  using source = new Source(path);
  const output = new Output(new RingWriter(ring, note));
  if (igzip === undefined) await compressByNode(source, output);
  else compressNatively(source, output, igzip.open());
  return { digest: output.digest(), size: output.size, sourceDigest: source.digest() };
}

function compressNatively(source: Source, output: Output, writer: GzipWriter): void {
  const room = Buffer.allocUnsafeSlow(READ_BYTES);
  const emit = (length: number): void => output.put(room.subarray(0, length));
  for (let piece = source.next(); piece.length > 0; piece = source.next()) writer.write(piece, room, emit);
  writer.finish(room, emit);
}

/** zlib, on libuv's pool; for hosts without ISA-L. */
export async function compressByNode(source: Source, output: Output): Promise<void> {
  const gzip = createGzip({ level: zlib.Z_BEST_SPEED, chunkSize: READ_BYTES });
  await pipeline(source.copies(), gzip, async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) output.put(piece);
  });
}

/** A file, read into one buffer: each piece is used up before the next is asked for. */
export class Source implements Disposable {
  readonly #fd: number;
  readonly #hash = createHash("sha256");
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  }

  next(): Buffer {
    const piece = this.#buffer.subarray(0, readSync(this.#fd, this.#buffer));
    this.#hash.update(piece);
    return piece;
  }

  *copies(): Generator<Buffer> {
    for (let piece = this.next(); piece.length > 0; piece = this.next()) yield Buffer.from(piece);
  }

  digest(): Digest {
    return digestOf(this.#hash);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Fills slot after slot: a piece that goes out is large, whatever the sizes that come. */
export class Output {
  readonly #ring: RingWriter;
  readonly #hash = createHash("sha256");
  #slot: Buffer;
  #filled = 0;
  size = 0;

  constructor(ring: RingWriter) {
    this.#ring = ring;
    this.#slot = ring.take();
  }

  put(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.size += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#slot.length - this.#filled);
      this.#slot.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#slot.length) this.#pass();
    }
  }

  /** Nothing may be put afterwards. */
  digest(): Digest {
    if (this.#filled > 0) this.#ring.pass(this.#filled);
    return digestOf(this.#hash);
  }

  #pass(): void {
    this.#ring.pass(this.#filled);
    this.#slot = this.#ring.take();
    this.#filled = 0;
  }
}

function digestOf(hash: Hash): Digest {
  return `sha256:${hash.digest("hex")}`;
}
