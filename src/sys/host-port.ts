import { checked, libc } from "#sys/ffi.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const setsockopt = libc("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const bind = libc("int bind(int fd, const void *address, uint32_t length)");
const listen = libc("int listen(int fd, int backlog)");
const shutdown = libc("int shutdown(int fd, int how)");
const close = libc("int close(int fd)");

const AF_INET = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK = { tcp: 1, udp: 2 } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const IPPROTO_IP = 0;
const IP_MINTTL = 21;
const SHUT_RDWR = 2;

/** A port of the host that nobody else can take while it is held. */
export interface HeldPort {
  release(): void;
}

/**
 * Takes a port of the host by really holding a socket on it: free of races, found by `ss -l`, and gone with the daemon without a
 * process to clean up. A TCP socket listens, since a bound one alone would not keep away a server that sets SO_REUSEADDR (nearly
 * all do); SO_REUSEADDR on ours lets old connections in TIME_WAIT be.
 *
 * What arrives before the packet filter sends it on to the container is to be dropped, so that a client tries again instead of
 * being accepted by nobody: a TCP socket wants a TTL that no ordinary packet has (a socket filter would do the same for 145 µs a
 * port instead of 3), and a UDP socket, which answers nothing, keeps next to nothing.
 *
 * @param address an IPv4 address of the host, `0.0.0.0` for all.
 * @throws SystemCallError EADDRINUSE, EADDRNOTAVAIL, EACCES.
 */
export function holdPort(protocol: "tcp" | "udp", address: string, port: number): HeldPort {
  const fd = checked("socket", socket(AF_INET, SOCK[protocol] | SOCK_CLOEXEC, 0));
  try {
    const set = (level: number, option: number, value: number): void => {
      checked("setsockopt", setsockopt(fd, level, option, Buffer.from([value, 0, 0, 0]), 4));
    };
    if (protocol === "tcp") {
      set(SOL_SOCKET, SO_REUSEADDR, 1);
      set(IPPROTO_IP, IP_MINTTL, 255);
    } else set(SOL_SOCKET, SO_RCVBUF, 0);
    checked("bind", bind(fd, socketAddress(address, port), 16));
    if (protocol === "tcp") checked("listen", listen(fd, 1));
  } catch (error) {
    close(fd);
    throw error;
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      // A process that is being started has a copy of every descriptor until its exec: closing ours alone would leave the port taken.
      shutdown(fd, SHUT_RDWR);
      close(fd);
    },
  };
}

/** `struct sockaddr_in`. */
function socketAddress(address: string, port: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt16LE(AF_INET, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(address.split(".").map(Number), 4);
  return buffer;
}
