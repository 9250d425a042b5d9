import type { BlobDigest, DigestAlgorithm } from "../protocol/digest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import type { VerifiedBlob } from "../repositories/contract.ts";

/** What is written down of an upload, so that it outlives the process. */
export interface UploadRecord {
  readonly repository: RepositoryName;
  readonly user: string | undefined;
  readonly account: string;
  readonly algorithm: DigestAlgorithm;
}

/** The bytes of an upload: they grow by what a client sends, and are hashed on the way. */
export interface UploadData {
  /** Bytes that count. */
  readonly size: number;
  /**
   * Appends what comes. When the source breaks off, what had come before is kept, and counts.
   *
   * @param admit is told of each chunk before it is kept, and may throw.
   * @param isLast nothing comes behind it, in this process or another: it need not be kept for long.
   */
  append(source: AsyncIterable<Uint8Array>, admit: (bytes: number) => void | Promise<void>, isLast: boolean): Promise<void>;
  isOf(digest: BlobDigest): Promise<boolean>;
  /** To be taken, once it was found to be this. */
  as(digest: BlobDigest): VerifiedBlob;
}

/** An upload that is there already. */
export interface FoundUpload {
  readonly id: string;
  readonly record: UploadRecord;
  readonly data: UploadData;
  /** When the last byte came, ms since 1970. */
  readonly lastUsed: number;
}

/** Where uploads are kept: beside the blobs that they become. Ids are made by the caller. */
export interface UploadStore {
  /** What the process before has left, which this one goes on with. A store that others use, too, gives none: they are found when they are asked for. */
  restore(): AsyncIterable<FoundUpload>;
  create(id: string, record: UploadRecord): Promise<UploadData>;
  find(id: string): Promise<FoundUpload | undefined>;
  /** Those that nobody has sent anything to since then, whichever process began them. */
  abandoned(before: number): AsyncIterable<FoundUpload>;
  /** Missing is no error. */
  remove(id: string, data: UploadData): Promise<void>;
}
