import type { BlobDigest } from "../protocol/digest.ts";
import type { ByteRange } from "../protocol/range.ts";

/**
 * Where a registry keeps what it has, in two kinds.
 *
 * **Documents** are small, have a key (`tags/v1` below a folder for the repository), and are replaced whole: who reads sees the old one or
 * the new one. **Blobs** are called by their digest, never change, and are there whole or not at all; whatever repositories name one, it is
 * stored once. A driver knows nothing of repositories: what the keys mean is in `repositories/keys.ts`.
 *
 * What is written has reached the disk (or the object store) when the call returns; a process that is killed in the middle leaves nothing
 * that the next one would take for content.
 *
 * Ages are what garbage collection lives by (`gc/`), so each entry tells when it was last written, in ms since 1970 by the storage's clock.
 */
export interface RegistryStorage {
  /** Undefined when it is not there. */
  get(key: string): Promise<Buffer | undefined>;
  /** Makes it, or replaces it; in both cases it is new from now on. @throws EngineError `exhausted` on a full disk. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Missing is no error. */
  delete(key: string): Promise<void>;
  stat(key: string): Promise<Written | undefined>;

  /** Names of the documents right below a folder, in the order of their characters, from behind `after` on. No such folder: none. */
  documents(folder: string, after?: string): AsyncIterable<string>;
  /** Names of the folders right below a folder that hold a document at any depth; in the same order. */
  folders(folder: string, after?: string): AsyncIterable<string>;

  statBlob(digest: BlobDigest): Promise<Written | undefined>;
  /** All of it, or the part. @throws RegistryError `BLOB_UNKNOWN`, when it is read. */
  readBlob(digest: BlobDigest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /**
   * Takes a file whose content is what its digest says, and which is not needed any more afterwards: the driver may move it away. Already
   * here: left as it is. @throws EngineError `exhausted` on a full disk.
   */
  storeBlob(digest: BlobDigest, file: string): Promise<void>;
  /** Missing is no error. */
  deleteBlob(digest: BlobDigest): Promise<void>;
  blobs(): AsyncIterable<BlobDigest>;

  close(): Promise<void>;
}

export interface Written {
  readonly size: number;
  /** ms since 1970. */
  readonly writtenAt: number;
}

const KEY = /^[A-Za-z0-9_+=-][A-Za-z0-9._+=-]*(?:\/[A-Za-z0-9_+=-][A-Za-z0-9._+=-]*)*$/;

/** A key becomes a path or an object's name: whatever made it, it is looked at again here. */
export function checkKey(key: string): string {
  if (!KEY.test(key)) throw new Error(`malformed storage key ${JSON.stringify(key.slice(0, 200))}`);
  return key;
}
