import { lastErrno, libc, SystemCallError } from "../ffi.ts";

/**
 * Read leases of files (fcntl(2), F_SETLEASE): while somebody holds one, another's open for writing waits inside the kernel until the
 * holder lets go, dies, or has not answered for /proc/sys/fs/lease-break-time (45 s). Readers are not held up.
 */
const fcntl = libc("int fcntl(int fd, int command, int argument)");

const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_UNLCK = 2;
const SIGURG = 23;
const EAGAIN = 11;

/**
 * How the kernel tells that somebody waits. Not its own choice, SIGIO: that ends a process which has no handler for it (any more, at
 * its end); this one is ignored then.
 */
export const LEASE_SIGNAL = "SIGURG";

/** `open-for-writing`: somebody has the file open so; `unsupported`: by this file system, or forbidden. */
export type LeaseOutcome = "taken" | "open-for-writing" | "unsupported";

/** @param fd opened for reading only. The lease ends with the last descriptor of this opening. */
export function takeReadLease(fd: number): LeaseOutcome {
  if (Number(fcntl(fd, F_SETSIG, SIGURG)) < 0) return "unsupported";
  if (Number(fcntl(fd, F_SETLEASE, F_RDLCK)) === 0) return "taken";
  return lastErrno() === EAGAIN ? "open-for-writing" : "unsupported";
}

/** Whether somebody wants to write, and perhaps waits. @throws SystemCallError for what is no open file. */
export function isLeaseBroken(fd: number): boolean {
  const kind = Number(fcntl(fd, F_GETLEASE, 0));
  if (kind < 0) throw new SystemCallError("fcntl", lastErrno());
  return kind === F_UNLCK;
}

/** Lets go: whoever waits goes on. */
export function endLease(fd: number): void {
  fcntl(fd, F_SETLEASE, F_UNLCK);
}
