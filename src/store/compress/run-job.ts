import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants as zlib, createGzip } from "node:zlib";
import type { JobContext } from "#lib/worker/jobs.ts";
import type { Digest } from "#spec/digest.ts";
import { findIgzipDeflate, roomFor, type GzipMembers } from "#sys/codecs/igzip-deflate.ts";
import { RingWriter } from "../files/ring.ts";
import type { Compressed } from "./contract.ts";
import type { CompressJob } from "./job.ts";

const READ_BYTES = 1024 * 1024;
/** Members in the making. Reading, both digests and handing on are a third of the work, and this thread's: so two processors are busy. */
const AT_ONCE = 2;

let igzip: { open(): GzipMembers } | undefined | "not looked for" = "not looked for";

/**
 * Compresses one file into the ring, and hashes what goes in and what comes out. The file is cut into pieces of one size, each of which becomes
 * a gzip member (RFC 1952 has a file be any number of them), so that several can be made at once, and the bytes are the same however
 * many that are.
 */
export async function runCompressJob({ path, ring }: CompressJob, { note }: JobContext): Promise<Compressed> {
  if (igzip === "not looked for") igzip = findIgzipDeflate();
  using source = new Source(path);
  const output = new Output(new RingWriter(ring, note));
  if (igzip === undefined) await compressByNode(source, output);
  else await compressNatively(source, output, igzip);
  return { digest: output.digest(), size: output.size, sourceDigest: source.digest() };
}

async function compressNatively(source: Source, output: Output, library: { open(): GzipMembers }): Promise<void> {
  const free = Array.from({ length: AT_ONCE }, () => new MemberMaker(library.open()));
  const going: MemberMaker[] = [];
  try {
    for (let isEnd = false; !isEnd;) {
      const maker: MemberMaker = free.pop() ?? (await passOn(going, output));
      const piece = source.fill(maker.input);
      isEnd = piece.length < maker.input.length;
      // Of an empty file there is a member, too; at the end of another, none without content.
      if (piece.length > 0 || source.size === 0) going.push(maker.start(piece));
    }
    while (going.length > 0) await passOn(going, output);
  } finally {
    // Their memory is in use until they have ended.
    await Promise.allSettled(going.map(({ made }) => made));
  }
}

async function passOn(going: MemberMaker[], output: Output): Promise<MemberMaker> {
  const first = going[0] as MemberMaker;
  output.put(await first.made);
  going.shift();
  return first;
}

/** Makes one member at a time, on another thread. */
class MemberMaker {
  readonly input = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #output = Buffer.allocUnsafeSlow(roomFor(READ_BYTES));
  readonly #members: GzipMembers;
  made: Promise<Buffer> = Promise.resolve(this.#output);

  constructor(members: GzipMembers) {
    this.#members = members;
  }

  /** @param piece of `input`. */
  start(piece: Buffer): this {
    this.made = this.#members.write(piece, this.#output).then((length) => this.#output.subarray(0, length));
    // Whoever waits for it hears of it.
    this.made.catch(() => undefined);
    return this;
  }
}

/** zlib, on libuv's pool; for hosts without ISA-L. */
export async function compressByNode(source: Source, output: Output): Promise<void> {
  const gzip = createGzip({ level: zlib.Z_BEST_SPEED, chunkSize: READ_BYTES });
  await pipeline(source.pieces(), gzip, async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) output.put(piece);
  });
}

/** A file, hashed as it is read. */
export class Source implements Disposable {
  readonly #fd: number;
  readonly #hash = createHash("sha256");
  size = 0;

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  }

  /** What comes next, as much as there is room for: less only at the end. */
  fill(room: Buffer): Buffer {
    let filled = 0;
    for (let length = -1; length !== 0 && filled < room.length; filled += length) length = readSync(this.#fd, room.subarray(filled));
    const piece = room.subarray(0, filled);
    this.#hash.update(piece);
    this.size += filled;
    return piece;
  }

  *pieces(): Generator<Buffer> {
    for (let piece = this.fill(newRoom()); piece.length > 0; piece = this.fill(newRoom())) yield piece;
  }

  digest(): Digest {
    return digestOf(this.#hash);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function newRoom(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BYTES);
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
