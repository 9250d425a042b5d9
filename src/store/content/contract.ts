import type { Digest } from "#spec/digest.ts";
import type { GrowingFile } from "../worker/growing-file.ts";

/**
 * Blobs by digest: manifests, image configurations, layers as they came (compressed).
 *
 * A blob exists whole and verified or not at all. It is written under a temporary name in the same file system, hashed while it
 * streams, and renamed. A small one is synced before; a large one reaches the disk behind the answer, and when the host goes down before
 * that, it is missing afterwards, and never damaged. Who refers to a blob is the image noun's to know; the store only keeps bytes.
 */
export interface ContentStore {
  /** Size in bytes, undefined when it is not here. */
  sizeOf(digest: Digest): number | undefined;

  /** What it takes on the disk, in bytes; undefined when it is not here. */
  diskSizeOf(digest: Digest): number | undefined;

  /**
   * Takes in a stream. Already here: the source is not read when `expected.digest` is known.
   *
   * @param onGrowing told of the file of a large blob as soon as there is one, for who wants to read along. Nothing of it is verified yet.
   * @throws EngineError `invalid` (code `digest-mismatch` or `size-mismatch`), `too-large` over `limit` bytes, `exhausted` on a full disk. Nothing is kept then.
   */
  ingest(
    source: AsyncIterable<Uint8Array>,
    expected: ExpectedBlob,
    signal: AbortSignal,
    onGrowing?: (file: GrowingFile) => void,
  ): Promise<{ digest: Digest; size: number }>;

  /**
   * Takes in what `write` puts into a new file, and tells the digest of: for who hashes as he writes. It reaches the disk behind the answer.
   *
   * @throws what `write` throws; EngineError `exhausted` on a full disk. Nothing is kept then.
   */
  produce(write: (path: string) => Promise<{ digest: Digest; size: number }>): Promise<void>;

  /** The whole blob. @throws EngineError `not-found`, or `too-large` when it is over `limit` bytes. */
  read(digest: Digest, limit: number): Promise<Buffer>;

  /** A stream from `offset` on. @throws EngineError `not-found`. */
  stream(digest: Digest, offset?: number): AsyncIterable<Uint8Array>;

  /** The file that holds it, for a worker to open; valid until `remove`. @throws EngineError `not-found`. */
  pathOf(digest: Digest): string;

  /** Missing is no error. */
  remove(digest: Digest): Promise<void>;

  list(): Iterable<{ digest: Digest; size: number }>;

  /** At daemon start: temporary files of a daemon that was killed. */
  sweep(): Promise<void>;
}

export interface ExpectedBlob {
  readonly digest?: Digest;
  readonly size?: number;
  /** Most bytes to take. */
  readonly limit: number;
}
