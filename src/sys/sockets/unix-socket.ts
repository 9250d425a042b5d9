import { closeSync, constants, openSync } from "node:fs";
import { basename, dirname } from "node:path/posix";
import { checked, libc } from "../ffi.ts";
import { closeFd } from "../processes/pipe.ts";

/** Unix sockets of the kinds that Node does not make. All descriptors are closed on exec. */
const socket = libc("int socket(int domain, int type, int protocol)");
const bind = libc("int bind(int fd, const void *address, uint32_t length)");
const listen = libc("int listen(int fd, int backlog)");
const accept4 = libc("int accept4(int fd, void *address, void *length, int flags)");
const connect = libc("int connect(int fd, const void *address, uint32_t length)");

const AF_UNIX = 1;
const TYPES = { stream: 1, seqpacket: 5 } as const;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
/** `struct sockaddr_un`: the family and 108 bytes of path, a NUL at the end included. */
const ADDRESS_SIZE = 110;
export const LONGEST_SOCKET_PATH = ADDRESS_SIZE - 3;

/** Connects a non-blocking socket. @throws SystemCallError `ECONNREFUSED`, `ENOENT`, `EAGAIN` (the backlog is full). */
export function connectUnix(path: string, type: keyof typeof TYPES): number {
  return withSocket(type, (fd) => atAddress(path, (address) => checked("connect", connect(fd, address, ADDRESS_SIZE), path)));
}

/** Makes a socket file and listens on it. @throws SystemCallError `EADDRINUSE`, … */
export function listenUnix(path: string, type: keyof typeof TYPES): number {
  return withSocket(type, (fd) => {
    atAddress(path, (address) => checked("bind", bind(fd, address, ADDRESS_SIZE), path));
    checked("listen", listen(fd, 1), path);
  });
}

/** Takes the next connection; there has to be one. */
export function acceptUnix(listener: number): number {
  return checked("accept4", accept4(listener, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

function withSocket(type: keyof typeof TYPES, use: (fd: number) => void): number {
  const fd = checked("socket", socket(AF_UNIX, TYPES[type] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  try {
    use(fd);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** A path that does not fit the address goes by a descriptor of its folder, which always fits. */
function atAddress(path: string, use: (address: Buffer) => void): void {
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return use(addressOfPath(path));
  const folder = openSync(dirname(path), O_PATH | constants.O_DIRECTORY);
  try {
    use(addressOfPath(`/proc/self/fd/${folder}/${basename(path)}`));
  } finally {
    closeSync(folder);
  }
}

function addressOfPath(path: string): Buffer {
  const address = Buffer.alloc(ADDRESS_SIZE);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  return address;
}
