/** Compressed data that cannot be read. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

/**
 * A decompressor of a host library at work on one stream. Input and output are buffers whose memory the library reads and writes
 * directly; they stay the stream's until it has used them up.
 */
export interface NativeStream {
  setInput(bytes: Uint8Array): void;
  setOutput(bytes: Uint8Array): void;
  /** Works on a thread of libuv's pool until input or output is used up, or the compressed data ends. @throws CodecError. */
  run(): Promise<void>;
  inputLeft(): number;
  outputLeft(): number;
  /** The compressed data has ended (a gzip member, an xz stream) and its checksum was right. */
  ended(): boolean;
  /** More data follows after an end. @throws CodecError when the format knows no such thing. */
  restart(): void;
  free(): void;
}

/** Large enough that a call costs nothing, small enough for the cache of the processor to help the reader. */
const OUTPUT_BYTES = 512 * 1024;

/**
 * Decompresses. A piece is valid until the next one is asked for; the following piece is made meanwhile, on another thread, so that
 * reader and library keep two processors busy.
 */
export async function* decodeNatively(
  source: AsyncIterable<Uint8Array>,
  stream: NativeStream,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new Decoder(source[Symbol.asyncIterator](), stream);
  const outputs = [Buffer.allocUnsafeSlow(OUTPUT_BYTES), Buffer.allocUnsafeSlow(OUTPUT_BYTES)] as const;
  let next = decoder.fill(outputs[0]);
  try {
    for (let turn = 1; ; turn++) {
      const piece = await next;
      if (piece.length === 0) return;
      // With input at hand `fill` is at work on the other thread before the reader has this piece.
      await decoder.refill();
      next = decoder.fill(outputs[turn % 2 === 0 ? 0 : 1]);
      // A failure is reported when it is awaited above; here it must only not count as unhandled.
      next.catch(() => undefined);
      yield piece;
    }
  } finally {
    // The library still writes into our memory until this call is over.
    await next.catch(() => undefined);
    await decoder.close();
  }
}

class Decoder {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #stream: NativeStream;
  #sourceEnded = false;

  constructor(source: AsyncIterator<Uint8Array>, stream: NativeStream) {
    this.#source = source;
    this.#stream = stream;
  }

  /** Fills `output` as far as there is data; an empty piece is the end. */
  async fill(output: Buffer): Promise<Buffer> {
    const stream = this.#stream;
    stream.setOutput(output);
    while (stream.outputLeft() > 0) {
      if (stream.inputLeft() === 0) await this.refill();
      if (stream.ended() && stream.inputLeft() === 0) break;
      if (stream.ended()) stream.restart();
      await this.#step();
    }
    return output.subarray(0, output.length - stream.outputLeft());
  }

  /** Gets more input when all is used up. */
  async refill(): Promise<void> {
    while (this.#stream.inputLeft() === 0 && !this.#sourceEnded) {
      const { done, value } = await this.#source.next();
      if (done === true) this.#sourceEnded = true;
      else this.#stream.setInput(value);
    }
  }

  async close(): Promise<void> {
    this.#stream.free();
    if (!this.#sourceEnded) await this.#source.return?.();
  }

  async #step(): Promise<void> {
    const stream = this.#stream;
    const before = stream.outputLeft();
    await stream.run();
    const stuck = stream.outputLeft() === before && stream.inputLeft() === 0;
    if (stuck && this.#sourceEnded && !stream.ended()) throw new CodecError("unexpected end of compressed data");
  }
}
