/**
 * What a container wrote, as the engine keeps it.
 *
 * The monitor appends to one file per container in the CRI format: `<RFC3339Nano> <stdout|stderr> <P|F> <text>\n`, where `P` is
 * a part of a longer line. A `LogRecord` is one rejoined line without its newline mark: `data` ends with "\n" only when the container
 * wrote one.
 */
export interface LogRecord {
  readonly stream: "stdout" | "stderr";
  /** Nanoseconds since the epoch. */
  readonly timeNano: bigint;
  readonly data: Uint8Array;
}

export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  readonly since?: bigint | undefined;
  readonly until?: bigint | undefined;
  /** How many of the last lines; undefined is all. */
  readonly tail?: number | undefined;
  /**
   * Go on after the end, until this promise resolves (the container ended) and the rest is read. Absent: stop at the end.
   */
  readonly follow?: Promise<unknown> | undefined;
}

export interface LogReader {
  /** Batches of records in the order they were written. Never reads a whole file into memory. */
  read(path: string, query: LogQuery, signal: AbortSignal): AsyncIterable<readonly LogRecord[]>;
}
