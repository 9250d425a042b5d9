/** Where a bucket is. Who we are to it is the client's own business: environment, shared files, the machine's role. */
export interface S3Options {
  readonly bucket: string;
  /** What keys begin with: empty, or ending with a slash. */
  readonly prefix: string;
  /** Undefined: Amazon's. */
  readonly endpoint: URL | undefined;
  /** Undefined: as the environment or the shared files say. */
  readonly region: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  /** Bytes of the parts in which large blobs go there; all but the last have to be this large. */
  readonly partBytes: number;
  /** Bytes that are copied within the bucket by one request. */
  readonly copiedAtOnce?: number;
}

const MEBI = 1024 ** 2;
/** S3's own limits. */
const MOST_PARTS = 10_000;
const LEAST_PART = 8 * MEBI;

/** Parts as small as blobs of this size allow. All are of one size: some stores (R2) want that. */
export function partBytesFor(blobBytes: number): number {
  return Math.max(LEAST_PART, Math.ceil(blobBytes / MOST_PARTS / MEBI) * MEBI);
}
