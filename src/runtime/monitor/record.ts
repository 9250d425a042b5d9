import { readFile, rename, writeFile } from "node:fs/promises";
import type { ProcessIdentity } from "#sys/processes/pidfd.ts";

/**
 * What a daemon has to know of a container that another one started. Written before the monitor is, so that no monitor is without
 * one, and completed when the container exists.
 */
export interface MonitorRecord {
  readonly version: 1;
  readonly bundle: string;
  /** Name and path of the runtime: the name may be another one's by the time it is read. */
  readonly runtime: string;
  readonly runtimePath: string;
  readonly cgroupPath: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  /** Absent while `create` is under way. */
  readonly processes?: MonitoredProcesses;
}

export interface MonitoredProcesses {
  readonly monitor: ProcessIdentity;
  readonly container: ProcessIdentity;
  /** `pipe:[<inode>]`, the container's stdin where it has one that is no terminal. */
  readonly stdinPipe: string | undefined;
}

/** Whether the end of a client's input ends the container's. A terminal's input does not end with a client, in Docker either. */
export function closesStdin(record: Pick<MonitorRecord, "stdinOnce" | "tty">): boolean {
  return record.stdinOnce && !record.tty;
}

/** Replaces the file whole. It is not forced to disk: the exec root does not outlive the kernel. */
export async function writeRecord(path: string, record: MonitorRecord): Promise<void> {
  await writeFile(unfinished(path), JSON.stringify(record), { mode: 0o600 });
  await rename(unfinished(path), path);
}

/** Where a record is written before it takes its place; a daemon that was killed meanwhile leaves it there. */
export function unfinished(path: string): string {
  return `${path}.new`;
}

/** Undefined when there is none, or none that this version can read. */
export async function readRecord(path: string): Promise<MonitorRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, "utf8")) as MonitorRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}
