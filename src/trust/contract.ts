import type { Digest } from "#spec/digest.ts";

/**
 * Who vouches for an image, and whether that is enough.
 *
 * A **policy** (`policy/`) says of each repository what its images need: nothing, a signature of Sigstore's (`cosign/`) or of Notation's
 * (`notation/`), or that they are refused. A **signature** is a document in the registry that names a manifest's digest. An image is accepted
 * by the digest that its reference was resolved to, before anything that the manifest names is looked at; what is pulled then is that digest.
 *
 * Nothing here speaks to anybody but the registry that the image is in: roots, keys and logs are those of the policy's files.
 */
export interface SignatureSource {
  /** A manifest or index by tag or by digest, verified in the latter case; undefined when it is not there. @throws EngineError `too-large` over `limit` bytes. */
  manifest(tagOrDigest: string, limit: number, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Documents of a type that say that they are about this one: pages of descriptors, as the registry orders them. */
  referrers(subject: Digest, artifactType: string, signal: AbortSignal): AsyncIterable<readonly Referrer[]>;
  /** Verified. @throws EngineError, `too-large` over `limit` bytes. */
  blob(digest: Digest, limit: number, signal: AbortSignal): Promise<Buffer>;
}

export interface Referrer {
  readonly digest: Digest;
  readonly artifactType: string | undefined;
}

/** A manifest, or an index, as its reference was resolved. */
export interface ManifestToCheck {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** A signature that was looked at. */
export interface Finding {
  /** What it is and where it was: `cosign signature sha256-….sig#0`. */
  readonly signature: string;
  readonly accepted: boolean;
  /** By whom, or why not. */
  readonly because: string;
}

/** What became of one requirement of the policy. */
export interface RequirementVerdict {
  /** `signed by a key of /etc/dhow/team.pub`. */
  readonly requirement: string;
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
}

export interface Verdict {
  readonly digest: Digest;
  /** The policy's file; undefined: there is none, and everything is accepted. */
  readonly policy: string | undefined;
  /** The policy's entry that counts: `docker: ghcr.io/acme`, `default`. */
  readonly scope: string;
  readonly accepted: boolean;
  readonly requirements: readonly RequirementVerdict[];
}
