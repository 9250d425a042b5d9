import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { Compressor, Compressed } from "#store/compress/contract.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { BlobToUpload, UploadedBlob } from "./upload-blob.ts";

/** A blob that is kept as it is sent. */
export function keptBlob(content: ContentStore, { digest, size }: UploadedBlob): BlobToUpload {
  const known = { digest, size };
  return { known, open: (offset) => content.stream(digest, offset), result: async () => known };
}

/** Bytes that are at hand. */
export function smallBlob(digest: Digest, bytes: Uint8Array): BlobToUpload {
  const known = { digest, size: bytes.length };
  async function* open(offset: number): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(offset);
  }
  return { known, open, result: async () => known };
}

/**
 * A plain layer, compressed while it is sent. Nobody at the other end can tell whether what was read is the layer: it is compared with its
 * digest here, before the registry is told what to call it.
 */
export function compressedLayer(
  { content, compressor }: { content: ContentStore; compressor: Compressor },
  { blob, diffId }: { readonly blob: Digest; readonly diffId: Digest },
  signal: AbortSignal,
): BlobToUpload {
  let last: Promise<Compressed> | undefined;
  return {
    known: undefined,
    open(offset) {
      const { pieces, result } = compressor.compress(content.pathOf(blob), signal);
      // Whoever leaves early is not interested in it.
      result.catch(() => undefined);
      last = result;
      return offset === 0 ? pieces : from(offset, pieces);
    },
    async result() {
      const { digest, size, sourceDigest } = await (last as Promise<Compressed>);
      if (sourceDigest !== diffId) throw new EngineError("system", `layer ${diffId} is damaged on the disk: pull or load the image again`);
      return { digest, size };
    },
  };
}

async function* from(offset: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const piece of pieces) {
    const fresh = piece.subarray(Math.max(0, offset - passed));
    passed += piece.length;
    if (fresh.length > 0) yield fresh;
  }
}
