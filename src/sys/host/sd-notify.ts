import { checked, libc } from "../ffi.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const sendto = libc("int64_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)");
const close = libc("int close(int fd)");

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** sockaddr_un: two bytes of family, 108 of path. */
const LONGEST_ADDRESS = 108;

/**
 * Tells systemd how the service is doing, by the protocol of sd_notify(3): one datagram of `KEY=value` lines. (Node has no datagram
 * sockets of the unix family, and a process of its own for each message would be reported as another process.)
 *
 * @param address `$NOTIFY_SOCKET`: an absolute path, or a name in the abstract namespace behind an `@`.
 * @throws SystemCallError
 */
export function notify(address: string, message: string): void {
  const name = encodeAddress(address);
  const data = Buffer.from(message);
  const fd = checked("socket", socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    checked("sendto", sendto(fd, data, data.length, MSG_NOSIGNAL, name, name.length), address);
  } finally {
    close(fd);
  }
}

function encodeAddress(address: string): Buffer {
  const path = Buffer.from(address.replace(/^@/, "\0"));
  if (path.length >= LONGEST_ADDRESS) throw new RangeError(`the address ${address} is longer than a unix socket's`);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}
