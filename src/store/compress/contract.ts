import type { Digest } from "#spec/digest.ts";

/**
 * Makes gzip of layers that are kept plain, while they are sent somewhere: nothing is written. Compressing the same layer again on the same
 * host gives the same bytes, however many processors it has, so that an upload that broke off can go on where it was.
 */
export interface Compressor {
  /**
   * @param path a file that does not change.
   * @returns the gzip. A piece is valid until the next is asked for; leaving early ends the work.
   */
  compress(path: string, signal: AbortSignal): CompressedStream;

  /** Ends the threads. What still runs is rejected. */
  close(): Promise<void>;
}

export interface CompressedStream {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Settles when the last piece was taken. Rejects when the work failed or was left. */
  readonly result: Promise<Compressed>;
}

export interface Compressed {
  readonly digest: Digest;
  readonly size: number;
  /** Of the file as it was read: what it has to be compared with, as nobody at the other end can. */
  readonly sourceDigest: Digest;
}
