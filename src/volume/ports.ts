import type { Owner } from "#lib/id-mapping.ts";
import type { Digest } from "#spec/digest.ts";

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
