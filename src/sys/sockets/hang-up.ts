import { libc } from "../ffi.ts";

const poll = libc("int poll(void *fds, unsigned long count, int timeout)");

/** `struct pollfd`: the descriptor, what is asked for, what there is. */
const POLLFD_BYTES = 8;
const REVENTS = 6;
const POLLERR = 0x08;
const POLLHUP = 0x10;

/**
 * Whether the other end of a connection is closed both ways. A unix socket tells that from an end of what is sent (`shutdown`), which
 * reads the same; TCP does not, before something is written.
 */
export function hasHungUp(fd: number): boolean {
  const asked = Buffer.alloc(POLLFD_BYTES);
  asked.writeInt32LE(fd, 0);
  return Number(poll(asked, 1, 0)) > 0 && (asked.readInt16LE(REVENTS) & (POLLHUP | POLLERR)) !== 0;
}
