import type { Blob } from "#registry/repositories/contract.ts";
import type { ByteRange } from "#registry/protocol/range.ts";
import type { Digest } from "#spec/digest.ts";
import type { Compressor } from "#store/compress/contract.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ServedLayer } from "./served-manifest.ts";

interface Deps {
  readonly content: Pick<ContentStore, "pathOf">;
  readonly compressor: Compressor;
}

/** An archive that is made while it is read, and kept by nobody. */
export function madeBlob(deps: Deps, layer: ServedLayer, from: Digest): Blob {
  const read = (range: ByteRange = { start: 0, end: layer.size - 1 }): AsyncIterable<Uint8Array> => make(deps, layer, from, range);
  return { size: layer.size, read };
}

/** The end is held back until the whole is known to be what it should be: another version of the compressor may make another archive. */
async function* make(
  { content, compressor }: Deps,
  { digest }: ServedLayer,
  from: Digest,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const { pieces, result } = compressor.compress(content.pathOf(from), stop.signal);
  // Whoever leaves early is not interested in it.
  result.catch(() => undefined);
  let at = 0;
  let held: Uint8Array | undefined;
  try {
    for await (const piece of pieces) {
      if (held !== undefined) yield held;
      // A copy: the piece itself is gone when the next one is asked for.
      held = Buffer.from(piece.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at)));
      at += piece.length;
    }
    const made = await result;
    if (made.digest !== digest) throw new Error(`compressing a layer gave ${made.digest} where ${digest} was wanted`);
    if (held !== undefined) yield held;
  } finally {
    stop.abort(new Error("nobody reads it"));
  }
}
