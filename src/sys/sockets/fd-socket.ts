import { Socket, type OnReadOpts } from "node:net";
import { checked, libc } from "../ffi.ts";
import { closeFd } from "../processes/pipe.ts";

/**
 * Descriptors of any kind on Node's event loop.
 *
 * `new Socket({ fd })` takes stream sockets, pipes and terminals and refuses the rest. But the loop only ever does three things
 * with the number it was given: epoll, read and write. So a fresh socket pair is given to Node, and before the loop looks at it for
 * the first time the real descriptor is put under the same number with dup3. What is epolled and read from then on is the real
 * file: packets of a SOCK_SEQPACKET arrive one a chunk; a file that cannot be read with read(2) (a process descriptor, a listening
 * socket, another epoll) answers EINVAL as soon as it is ready, which is exactly the news that was waited for.
 */
const socketpair = libc("int socketpair(int domain, int type, int protocol, int *ends)");
const dup3 = libc("int dup3(int from, int to, int flags)");
const epollCreate = libc("int epoll_create1(int flags)");
const epollControl = libc("int epoll_ctl(int epoll, int operation, int fd, const void *event)");

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;

export interface AdoptOptions {
  readonly readable: boolean;
  readonly writable: boolean;
  /** Takes what is read instead of `data` events: the bytes are the socket's own buffer, and good until this returns. */
  readonly onRead?: (bytes: Buffer) => void;
}

/** As much as libuv reads at once. */
const READ_BUFFER = 64 * 1024;

export interface AdoptedFd {
  readonly socket: Socket;
  /** The descriptor's number from now on; valid until the socket's `close`. */
  readonly fd: number;
}

/**
 * Hands a descriptor to the event loop, which owns it from here on, also when this throws. It has to be pollable, and non-blocking
 * where it is written to. Reading starts at once, up to the socket's high-water mark.
 *
 * Use `destroy`, not `end`, on what is not a socket: `end` calls shutdown(2).
 */
export function adopt(fd: number, options: AdoptOptions): AdoptedFd {
  try {
    return standIn(fd, options);
  } finally {
    closeFd(fd);
  }
}

function standIn(real: number, { onRead, ...options }: AdoptOptions): AdoptedFd {
  const ends = new Int32Array(2);
  checked("socketpair", socketpair(AF_UNIX, SOCK_STREAM | CLOEXEC, 0, ends));
  const [fd = -1, other = -1] = ends;
  const socket = new Socket({ fd, allowHalfOpen: true, ...options, ...(onRead === undefined ? {} : { onread: intoOneBuffer(onRead) }) });
  closeFd(other);
  try {
    checked("dup3", dup3(real, fd, CLOEXEC));
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { socket, fd };
}

/** Without it every read, however small, gets a buffer of 64 KiB from the allocator. */
function intoOneBuffer(onRead: (bytes: Buffer) => void): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(READ_BUFFER);
  const callback = (size: number): boolean => {
    onRead(buffer.subarray(0, size));
    return true;
  };
  return { buffer, callback };
}

/** News of a descriptor: `ready` resolves once there is some, or when `stop` was called. */
export interface Watch {
  readonly ready: Promise<void>;
  stop(): void;
  /** It no longer keeps the event loop alive. */
  unref(): void;
}

/**
 * Waits until something can be read (or accepted, or waited for) without taking it: the descriptor sits in an epoll of its own, and
 * the event loop watches that. The descriptor stays the caller's.
 */
export function watchReadable(fd: number): Watch {
  const epoll = checked("epoll_create1", epollCreate(CLOEXEC));
  // struct epoll_event is packed on x86-64 and padded elsewhere; the events come first, the rest is not used here.
  const event = Buffer.alloc(16);
  event.writeUInt32LE(EPOLLIN, 0);
  try {
    checked("epoll_ctl", epollControl(epoll, EPOLL_CTL_ADD, fd, event));
  } catch (error) {
    closeFd(epoll);
    throw error;
  }
  return watchUnreadable(epoll);
}

/** As `watchReadable`, for a descriptor that read(2) refuses. Takes it over. */
export function watchUnreadable(fd: number): Watch {
  const { socket } = adopt(fd, { readable: true, writable: false });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("error", () => {});
  socket.once("close", () => resolve());
  return { ready: promise, stop: () => void socket.destroy(), unref: () => void socket.unref() };
}
