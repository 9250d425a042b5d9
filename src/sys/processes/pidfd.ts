import { readFileSync } from "node:fs";
import { checked, libc, SystemCallError } from "../ffi.ts";
import { watchUnreadable, type Watch } from "../sockets/fd-socket.ts";
import { closeFd } from "./pipe.ts";

/**
 * Processes by descriptor (pidfd, Linux 5.3). A pid can be given to another process as soon as the first has been waited for; a
 * process descriptor means the same process for ever, and becomes readable when that has ended, whether it is a child or not.
 */
const syscall = libc("long syscall(long number, int first, int second, void *third, int fourth)");

const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
const ESRCH = 3;

/** A process as it can be written down: the kernel never gives one pid twice with the same start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot (field 22 of /proc/<pid>/stat). */
  readonly startTime: number;
}

/** @throws SystemCallError `ESRCH` when no such process exists. */
export function openPidfd(pid: number): number {
  return checked("pidfd_open", syscall(SYS_PIDFD_OPEN, pid, 0, null, 0));
}

/** Who has this pid now; undefined when nobody has, or only a zombie's remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat === undefined || isDead(stat) ? undefined : { pid, startTime: stat.startTime };
}

/** Descriptor of exactly that process; undefined when it is gone or a zombie, though its pid may be in use again. */
export function openProcess(identity: ProcessIdentity): number | undefined {
  let fd: number;
  try {
    fd = openPidfd(identity.pid);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  // The start time is read after the descriptor was taken: if it fits, the descriptor is of this process.
  const stat = statOf(identity.pid);
  if (stat?.startTime === identity.startTime && !isDead(stat)) return fd;
  closeFd(fd);
  return undefined;
}

function isDead({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/** Sends a signal to exactly that process. False when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  const fd = openProcess(identity);
  if (fd === undefined) return false;
  try {
    return signalPidfd(fd, signal);
  } finally {
    closeFd(fd);
  }
}

/** False when the process is gone. @throws SystemCallError `EINVAL` for a number that is no signal. */
export function signalPidfd(fd: number, signal: number): boolean {
  try {
    checked("pidfd_send_signal", syscall(SYS_PIDFD_SEND_SIGNAL, fd, signal, null, 0));
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Whose child a process is; undefined when it is gone. */
export function parentOf(pid: number): ProcessIdentity | undefined {
  const parent = statOf(pid)?.parent;
  return parent === undefined || parent === 0 ? undefined : identify(parent);
}

/** Who was started by a process and is still its child; empty where the kernel does not tell (CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number): ProcessIdentity[] {
  const pids = readOrNothing(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return pids.flatMap((child) => identify(child) ?? []);
}

/** Tells when the process has ended. Takes the descriptor over. */
export function watchExit(pidfd: number): Watch {
  return watchUnreadable(pidfd);
}

/** Copies an open file of another process (as root, or with CAP_SYS_PTRACE over it); closed on exec. */
export function takeDescriptor(pidfd: number, theirs: number): number {
  return checked("pidfd_getfd", syscall(SYS_PIDFD_GETFD, pidfd, theirs, null, 0));
}

interface ProcessStat {
  readonly state: string;
  readonly parent: number;
  readonly startTime: number;
}

/** @param text of /proc/<pid>/stat. The second field is a name in parentheses that may hold spaces and parentheses itself. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "X", parent: Number(fields[1]), startTime: Number(fields[19]) };
}

function statOf(pid: number): ProcessStat | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  return text === "" ? undefined : parseStat(text);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function isGone(error: unknown): boolean {
  return error instanceof SystemCallError && error.errno === ESRCH;
}
