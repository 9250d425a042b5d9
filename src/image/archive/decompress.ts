import { EngineError } from "#errors/engine-error.ts";
import { decompress } from "#store/unpack/decompress.ts";
import { isDamagedStream } from "#store/unpack/refusal.ts";

/**
 * The plain bytes of an archive that may be compressed, by any of the compressions of `store/unpack`.
 *
 * @throws EngineError `invalid` for a stream that is broken; `not-implemented` for one that this host has no library for. What the source
 *   itself throws stays as it is.
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const piece of decompress(source)) {
      signal.throwIfAborted();
      // Copied: a piece is the decoder's again when the next is asked for, and members are read across pieces.
      yield Buffer.from(piece);
    }
  } catch (cause) {
    throw isDamagedStream(cause) ? new EngineError("invalid", `the compressed stream is broken: ${cause.message}`, { cause }) : cause;
  }
}
