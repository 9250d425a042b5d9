import type { Owner } from "#lib/id-mapping.ts";
import type { Digest } from "#spec/digest.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";

/** Archives of folders; owners are those that containers see. */
export interface FolderArchives {
  /** Begins with the folder itself, as `./`. */
  pack(folder: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Compressed or not. Nothing lands outside of the folder. @throws EngineError `invalid` for a broken archive. */
  unpack(folder: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  /** Who on the host an owner in an archive is. */
  ownerOnHost(owner: Owner): Owner;
}

/** Has those of the containers that run stand still meanwhile; ids of others are nobody's. */
export type WhileFrozen = <T>(containers: readonly string[], work: () => Promise<T>) => Promise<T>;

/** What volumes need of images: their content, to be mounted as it is. `daemon/wire/` hands it over. */
export interface ImageRoots {
  /** @throws EngineError `not-found`. */
  resolve(reference: string): Promise<{ readonly id: string; readonly topLayer: Digest | undefined }>;
  /** Keeps the image's layers for as long as `name` stands. */
  reserve(name: string, topLayer: Digest | undefined): Promise<void>;
  /** Has its root mounted while `use` goes on. */
  withRoot<T>(name: string, use: (root: string) => T): Promise<T>;
  /** Missing is no error. */
  release(name: string): Promise<void>;
  /** Names that stand. */
  reserved(): readonly string[];
}

/** A repository of a registry, as what it is made of. Each call ends with the signal that the repository was opened with. */
export interface BlobRepository {
  has(digest: Digest): Promise<boolean>;
  put(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** @throws EngineError `invalid` for more or fewer bytes than these. */
  get(digest: Digest, size: number): Promise<Buffer>;
  /** @param name a tag, or the document's digest. */
  putManifest(name: string, mediaType: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is none of that name. */
  manifest(name: string, mediaType: string): Promise<{ readonly digest: Digest; readonly bytes: Buffer } | undefined>;
  removeManifest(digest: Digest): Promise<void>;
  /** None of a repository that does not exist yet. */
  tags(): Promise<readonly string[]>;
}

/** @throws EngineError `invalid` for what names no repository, `unavailable`, `unauthorized`. */
export type OpenRepository = (repository: RepositoryAsked, access: "read" | "write", signal: AbortSignal) => Promise<BlobRepository>;

export interface RepositoryAsked {
  /** `host/name`, without a tag. */
  readonly name: string;
  readonly auth: RegistryAuth;
}
