import type { LogLayout } from "./layout.ts";

/**
 * What a container wrote, as the engine keeps it.
 *
 * A log is a folder (log-folder.ts). Its monitor writes lines in the CRI format, `<RFC3339Nano> <stdout|stderr> <P|F> <text>\n`, where
 * `P` is a part of a longer line. The keeper goes on to the next file when one is full; readers see one log whatever the files are. Both
 * are the same for every driver that can be read: a driver (drivers.ts) says by its options how much is kept.
 *
 * A `LogRecord` is one rejoined line without its newline mark: `data` ends with "\n" only when the container wrote one.
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

/** How lines are put on the wire. */
export interface LogFormat {
  /** Each line in a frame that says which stream it is of (http/body/stdcopy.ts); bare without, for what came from a terminal. */
  readonly framed: boolean;
  /** Each line begins with its time, nine digits of a second. */
  readonly timestamps: boolean;
  /** Stands before the text of each line, after the time, with its space; "" for nothing. */
  readonly details: string;
}

export interface LogReader {
  /** Batches of records in the order they were written. Never reads a whole file into memory. A log that is not there is an empty one. */
  read(folder: string, query: LogQuery, signal: AbortSignal): AsyncIterable<readonly LogRecord[]>;
  /** The same, ready to be sent: for logs of a million lines, of which none becomes an object. */
  stream(folder: string, query: LogQuery, format: LogFormat, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What a monitor has to be told. */
export interface MonitorLog {
  /** It opens this file, and `<path>.tmp` when that is full. */
  readonly path: string;
  readonly fileBytes: number;
}

/**
 * Keeps the files of logs. The life of a log: `prepare`, the monitor starts, `watch`, it ends, `release`; and again for the next run. A
 * daemon that comes anew calls `watch` for the containers that run.
 */
export interface LogKeeper {
  /** Makes the folder and what the monitor of a new run shall write to. Nobody writes to this log now. */
  prepare(folder: string, layout: LogLayout): Promise<MonitorLog>;
  /** The monitor has opened its log: goes on to the next file whenever one is full. Does not wait, does not throw. */
  watch(folder: string, layout: LogLayout): void;
  /** The monitor has ended. Nothing is done in the folder any more when this resolves. */
  release(folder: string): Promise<void>;
  /** Lets go of every log; monitors go on. */
  close(): Promise<void>;
}
