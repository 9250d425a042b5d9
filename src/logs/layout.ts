/**
 * How much of a log is kept, and how: what a driver makes of its options.
 *
 * A log is a row of files, of which the last is written. When that has reached `fileBytes` the next one is begun, and the oldest go so
 * that there are never more than `files`, nor more than `files` times `fileBytes` bytes.
 */
export interface LogLayout {
  readonly fileBytes: number;
  /** At least 2: with one there would be nothing to read right after a rotation. */
  readonly files: number;
  /** Files that are complete are compressed. */
  readonly compress: boolean;
  /** Whether the container waits for a rotation that is late, or goes on and loses what it writes meanwhile. */
  readonly blocking: boolean;
}

/** What the files of a log come to, at most. */
export function largestLog({ fileBytes, files }: LogLayout): number {
  return fileBytes * files;
}
