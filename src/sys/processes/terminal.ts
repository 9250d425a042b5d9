import { rmSync } from "node:fs";
import { addressOf, checked, libc } from "../ffi.ts";
import { watchReadable, type Watch } from "../sockets/fd-socket.ts";
import { closeFd, setNonBlocking } from "./pipe.ts";
import { acceptUnix, listenUnix } from "../sockets/unix-socket.ts";

const ioctl = libc("int ioctl(int fd, unsigned long request, const void *argument)");
const recvmsg = libc("int64_t recvmsg(int fd, void *message, int flags)");

const TIOCSWINSZ = 0x5414;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** Sets the size of a terminal by its master side; its foreground process gets SIGWINCH. */
export function setWindowSize(fd: number, size: { readonly rows: number; readonly columns: number }): void {
  checked("ioctl", ioctl(fd, TIOCSWINSZ, Uint16Array.of(size.rows, size.columns, 0, 0)));
}

/** The socket to which an OCI runtime sends the master side of the terminal that it made (`--console-socket`). */
export interface TerminalReceiver {
  /** Resolves with the descriptor, non-blocking and the caller's own; undefined when `close` came first, or something that is no terminal. */
  readonly terminal: Promise<number | undefined>;
  /** Takes the socket file away. Idempotent. */
  close(): void;
}

/** @param path of the socket file to be; short enough for a socket address, since the runtime connects by it. */
export function receiveTerminal(path: string): TerminalReceiver {
  const listener = listenUnix(path, "stream");
  const watches = new Set<Watch>();
  const until = async (fd: number): Promise<void> => {
    const watch = watchReadable(fd);
    watches.add(watch);
    await watch.ready;
  };
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const watch of watches) watch.stop();
    closeFd(listener);
    rmSync(path, { force: true });
  };
  const receive = async (): Promise<number | undefined> => {
    await until(listener);
    if (closed) return undefined;
    const connection = acceptUnix(listener);
    try {
      await until(connection);
      return closed ? undefined : receiveFd(connection);
    } finally {
      closeFd(connection);
    }
  };
  return { terminal: receive().catch(() => undefined), close };
}

/** Reads one message with one descriptor in it. */
function receiveFd(connection: number): number {
  const name = Buffer.alloc(4096);
  const part = Buffer.alloc(16);
  part.writeBigUInt64LE(addressOf(name), 0);
  part.writeBigUInt64LE(BigInt(name.length), 8);
  const control = Buffer.alloc(64);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(addressOf(part), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(addressOf(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  checked("recvmsg", recvmsg(connection, message, MSG_CMSG_CLOEXEC));
  const fd = descriptorIn(control.subarray(0, Number(message.readBigUInt64LE(40))));
  setNonBlocking(fd);
  return fd;
}

/** `struct cmsghdr`: length, level, type; then the descriptors. */
function descriptorIn(control: Buffer): number {
  const whole = control.length >= 20 && control.readInt32LE(8) === SOL_SOCKET && control.readInt32LE(12) === SCM_RIGHTS;
  if (!whole) throw new Error("the runtime sent a message without a terminal");
  return control.readInt32LE(16);
}
