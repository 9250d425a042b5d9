import type { BlobDigest } from "../protocol/digest.ts";
import type { RepositoryName } from "../protocol/names.ts";

/**
 * Another registry, as far as a pull-through cache needs it. `bin/` hands one over that is made of the engine's own client, so that
 * certificates, proxies, tokens and redirects are what they are for a pull.
 */
export interface Upstream {
  /** Which digest a tag has there now; undefined when there is no such tag. @throws EngineError when it cannot be asked. */
  resolve(repository: RepositoryName, tag: string, signal: AbortSignal): Promise<BlobDigest | undefined>;
  /** A manifest, found to be what its digest says; undefined when it is not there. */
  manifest(repository: RepositoryName, digest: BlobDigest, signal: AbortSignal): Promise<UpstreamManifest | undefined>;
  /** A blob on its way, whose bytes nobody has verified; undefined when it is not there. */
  blob(repository: RepositoryName, digest: BlobDigest, signal: AbortSignal): Promise<UpstreamBlob | undefined>;
  /** Undefined when there is no such repository. */
  tags(repository: RepositoryName, signal: AbortSignal): Promise<readonly string[] | undefined>;
}

export interface UpstreamManifest {
  readonly mediaType: string | undefined;
  readonly bytes: Buffer;
}

export interface UpstreamBlob {
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A repository here that is a copy of one there. */
export interface UpstreamRepository {
  readonly upstream: Upstream;
  readonly repository: RepositoryName;
}
