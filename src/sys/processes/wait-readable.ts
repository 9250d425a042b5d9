import { checked, lastErrno, libc, SystemCallError } from "../ffi.ts";

/** Reading a descriptor that does not block, from a thread that may. */
const read = libc("long read(int fd, uint8_t *bytes, size_t count)");
const poll = libc("int poll(void *descriptors, unsigned long count, int milliseconds)");

const EINTR = 4;
const EAGAIN = 11;
const POLLIN = 1;

/** @returns how many bytes came; 0 at the end, undefined when there is nothing yet. @throws SystemCallError. */
export function readAvailable(fd: number, into: Uint8Array): number | undefined {
  const length = Number(read(fd, into, into.length));
  if (length >= 0) return length;
  const errno = lastErrno();
  if (errno === EAGAIN || errno === EINTR) return undefined;
  throw new SystemCallError("read", errno);
}

/** Sleeps until there is something to read, an end or an error included; at most so long. */
export function waitReadable(fd: number, milliseconds: number): void {
  // struct pollfd: the descriptor, then the events that are asked for and those that were seen.
  const asked = new Int32Array([fd, POLLIN]);
  const found = poll(asked, 1, milliseconds);
  if (Number(found) < 0 && lastErrno() !== EINTR) checked("poll", found);
}
