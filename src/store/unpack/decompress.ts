import { compressionOf, LONGEST_MAGIC, unreadable, type Compression } from "./compression.ts";
import { loadDecoders, type Decoder } from "./codecs.ts";

let decoders: ReadonlyMap<Compression, Decoder> | undefined;

/** Loads what `decompress` may need, once. */
export function prepareDecompression(): void {
  decoders ??= loadDecoders();
}

/**
 * The content of a stream, whatever its compression. The work is done on other threads. A piece is valid until the next is asked for.
 *
 * @throws CodecError or an error of node:zlib for damaged data, junk behind it included; EngineError `not-implemented` for xz or
 *   bzip2 where the host lacks the library.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  prepareDecompression();
  const { start, whole } = await peek(source[Symbol.asyncIterator]());
  const compression = compressionOf(start);
  const decoder = decoders?.get(compression);
  if (decoder === undefined) throw unreadable(compression);
  yield* decoder(whole);
}

async function peek(source: AsyncIterator<Uint8Array>): Promise<{ start: Uint8Array; whole: AsyncIterable<Uint8Array> }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_MAGIC) {
    const { done, value } = await source.next();
    if (done === true) break;
    // Kept while more is asked for, which ends the piece's life.
    pieces.push(value.length < LONGEST_MAGIC ? Uint8Array.from(value) : value);
    length += value.length;
  }
  return { start: Buffer.concat(pieces.map((piece) => piece.subarray(0, LONGEST_MAGIC))), whole: continued(pieces, source) };
}

async function* continued(pieces: readonly Uint8Array[], source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let ended = false;
  try {
    yield* pieces;
    for (;;) {
      const { done, value } = await source.next();
      ended = done === true;
      if (done === true) return;
      yield value;
    }
  } finally {
    if (!ended) await source.return?.();
  }
}
