import type { Digest } from "#spec/digest.ts";
import type { Descriptor } from "#spec/oci-image/types.ts";

/**
 * Somewhere else where a cache is kept: a repository, a folder of the client. What it holds is a manifest under one name, and the blobs that it names. What is read is not
 * verified: whoever reads knows the digests.
 */
export interface CachePlace {
  /** As messages call it. */
  readonly name: string;
  /** Undefined where there is none yet. @throws EngineError with the words of whoever keeps it. */
  readManifest(signal: AbortSignal): Promise<Uint8Array | undefined>;
  readBlob(blob: Pick<Descriptor, "digest" | "size">, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A place that is written to. Blobs come first; with the manifest they count. */
export interface WritableCachePlace extends CachePlace {
  /** A layer, whose archive is here, in whatever form suits the place. */
  putLayer(layer: { readonly diffId: Digest; readonly size: number }, signal: AbortSignal): Promise<Descriptor>;
  /** A file of the host, which nobody changes. */
  putFile(file: string, blob: Pick<Descriptor, "digest" | "size">, signal: AbortSignal): Promise<void>;
  putBytes(bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<void>;
  putManifest(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
}
