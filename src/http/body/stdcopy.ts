import type { Writable } from "node:stream";

/**
 * Docker's way to carry two streams over one: frames of an 8-byte header and a payload. The header is the stream's number, three
 * zeros, and the payload's length as a big-endian uint32 (API specification, ContainerAttach).
 */
export type StdStream = "stdin" | "stdout" | "stderr" | "systemerr";

/** A piece of a stream; a frame may come in several. */
export interface StdPiece {
  readonly stream: StdStream;
  readonly data: Uint8Array;
}

const STREAMS: readonly StdStream[] = ["stdin", "stdout", "stderr", "systemerr"];
const HEADER_BYTES = 8;

function writeHeader(target: Buffer, at: number, stream: StdStream, length: number): void {
  target.writeUInt32BE(STREAMS.indexOf(stream) * 0x100_0000, at);
  target.writeUInt32BE(length, at + 4);
}

/** Writes one frame without copying the payload. Returns what the last `write` returned. */
export function writeFrame(out: Writable, { stream, data }: StdPiece): boolean {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(header, 0, stream, data.length);
  out.cork();
  out.write(header);
  const more = out.write(data);
  out.uncork();
  return more;
}

/** Many small frames as one buffer: one allocation and one write for a batch of log lines. */
export function encodeFrames(pieces: readonly StdPiece[]): Buffer {
  const total = pieces.reduce((sum, { data }) => sum + HEADER_BYTES + data.length, 0);
  const encoded = Buffer.allocUnsafe(total);
  let at = 0;
  for (const { stream, data } of pieces) {
    writeHeader(encoded, at, stream, data.length);
    encoded.set(data, at + HEADER_BYTES);
    at += HEADER_BYTES + data.length;
  }
  return encoded;
}

/** Takes frames apart again. Holds nothing but a partial header, however long a frame says it is. */
export class StdDemultiplexer {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #stream: StdStream = "stdout";
  #left = 0;

  /**
   * The pieces of a chunk, as views into it.
   *
   * @throws Error when a header names no stream: then this is no multiplexed stream.
   */
  *push(chunk: Uint8Array): Generator<StdPiece> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at = this.#readHeader(chunk, at);
        continue;
      }
      const data = chunk.subarray(at, at + this.#left);
      at += data.length;
      this.#left -= data.length;
      yield { stream: this.#stream, data };
    }
  }

  /** True between two frames: a stream that ends anywhere else was cut. */
  get complete(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  #readHeader(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + HEADER_BYTES - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes === HEADER_BYTES) {
      const stream = STREAMS[this.#header[0] ?? 0];
      if (stream === undefined) throw new Error(`unrecognized stream: ${this.#header[0]}`);
      this.#stream = stream;
      this.#left = this.#header.readUInt32BE(4);
      this.#headerBytes = 0;
    }
    return at + part.length;
  }
}

/** A multiplexed stream as its pieces, in order. @throws Error when it is cut inside a frame. */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StdPiece> {
  const demultiplexer = new StdDemultiplexer();
  for await (const chunk of chunks) yield* demultiplexer.push(chunk);
  if (!demultiplexer.complete) throw new Error("the stream ended inside a frame");
}
