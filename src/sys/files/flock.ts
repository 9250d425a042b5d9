import { lastErrno, libc, SystemCallError } from "../ffi.ts";

const flock = libc("int flock(int fd, int operation)");

const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/**
 * Takes the one lock that an open file has, without waiting; the kernel gives it back when the last descriptor of that opening is
 * closed, however the process ends. False when somebody else holds it.
 *
 * @throws SystemCallError
 */
export function tryLock(fd: number): boolean {
  if (Number(flock(fd, LOCK_EX | LOCK_NB)) === 0) return true;
  const errno = lastErrno();
  if (errno === EWOULDBLOCK) return false;
  throw new SystemCallError("flock", errno);
}
