import type { BlobDigest } from "../protocol/digest.ts";
import type { ManifestReference, RepositoryName, Tag } from "../protocol/names.ts";
import type { ByteRange } from "../protocol/range.ts";
import type { RegistryStorage } from "../storage/contract.ts";

/**
 * What a registry shows: repositories with manifests, tags and blobs. Its own store is one (`repository-store.ts`); one that fetches what is
 * missing from another registry stands before that (`cache/`); a daemon's images are one without a copy (`daemon/wire/registry.ts`).
 */
export interface Repositories {
  /** In order, from behind `after` on. */
  names(after?: string): AsyncIterable<RepositoryName>;
  exists(name: RepositoryName): Promise<boolean>;
  /** Of a blob that the repository has; undefined of one that only others have. */
  blob(name: RepositoryName, digest: BlobDigest, signal: AbortSignal): Promise<Blob | undefined>;
  manifest(name: RepositoryName, reference: ManifestReference, signal: AbortSignal): Promise<Manifest | undefined>;
  /** In order, from behind `after` on. */
  tags(name: RepositoryName, after?: string): AsyncIterable<Tag>;
  /** Manifests whose subject this is, in the order of their digests. */
  referrers(name: RepositoryName, subject: BlobDigest, after?: string): AsyncIterable<Referrer>;
}

export interface Blob {
  readonly size: number;
  /** The whole, or a part. */
  read(range?: ByteRange): AsyncIterable<Uint8Array>;
}

export interface Manifest {
  readonly digest: BlobDigest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** An entry of a list of referrers, as the image specification has descriptors. */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: BlobDigest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a registry that takes something in has beside. Each is on the disk when it returns. */
export interface WritableRepositories extends Repositories {
  /**
   * Whether the repository has the blob, for somebody who is about to name it: it is safe from garbage collection for a while.
   *
   * @returns its size.
   */
  claimBlob(name: RepositoryName, digest: BlobDigest): Promise<number | undefined>;
  /** Gives the repository a blob that another one has. False when that one has it not. */
  mountBlob(name: RepositoryName, digest: BlobDigest, from: RepositoryName): Promise<boolean>;
  /** Takes what was found to have this digest. @throws RegistryError `DENIED` over the quota. */
  addBlob(name: RepositoryName, digest: BlobDigest, blob: VerifiedBlob): Promise<void>;
  /** @throws RegistryError `MANIFEST_INVALID`, `MANIFEST_BLOB_UNKNOWN`, `DIGEST_INVALID`. */
  putManifest(name: RepositoryName, manifest: ManifestToPut): Promise<PutManifest>;
  /** False when there is none. */
  deleteTag(name: RepositoryName, tag: Tag): Promise<boolean>;
  /** With every tag that names it. False when there is none. */
  deleteManifest(name: RepositoryName, digest: BlobDigest): Promise<boolean>;
  /** From this repository. False when it has it not. */
  deleteBlob(name: RepositoryName, digest: BlobDigest): Promise<boolean>;
}

/** A blob that is what its digest says, and is to be kept: a file that the storage takes, or something that it has gathered itself. */
export interface VerifiedBlob {
  readonly size: number;
  /** Already there: left as it is. */
  store(storage: RegistryStorage): Promise<void>;
}

export interface ManifestToPut {
  readonly bytes: Buffer;
  readonly mediaType: string | undefined;
  /** What it has to be; undefined when it is named by a tag. */
  readonly digest: BlobDigest | undefined;
  readonly tags: readonly Tag[];
  /** Of another registry's, which has what it names; it comes when it is asked for. */
  readonly isCopy?: boolean;
}

export interface PutManifest {
  readonly digest: BlobDigest;
  readonly subject: BlobDigest | undefined;
}
