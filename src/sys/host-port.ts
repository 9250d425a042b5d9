import koffi from "koffi";
import { checked, libc } from "#sys/ffi.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const setsockopt = libc("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const bind = libc("int bind(int fd, const void *address, uint32_t length)");
const listen = libc("int listen(int fd, int backlog)");
const close = libc("int close(int fd)");

const AF_INET = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK = { tcp: 1, udp: 2 } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ATTACH_FILTER = 26;

/** A classic BPF program of one instruction, `return 0`: no packet passes. */
const DROP_ALL = Buffer.from([0x06, 0, 0, 0, 0, 0, 0, 0]);

/** A port of the host that nobody else can take while it is held. */
export interface HeldPort {
  release(): void;
}

/**
 * Takes a port of the host by really holding a socket on it: free of races, found by `ss -l`, and gone with the daemon without a
 * process to clean up. A TCP socket listens, since a bound one alone would not keep away a server that sets SO_REUSEADDR (nearly
 * all do); SO_REUSEADDR on ours lets old connections in TIME_WAIT be. What arrives before the packet filter sends it on to the
 * container is dropped at the socket, so that a client tries again instead of being answered by nobody.
 *
 * @param address an IPv4 address of the host, `0.0.0.0` for all.
 * @throws SystemCallError EADDRINUSE, EADDRNOTAVAIL, EACCES.
 */
export function holdPort(protocol: "tcp" | "udp", address: string, port: number): HeldPort {
  const fd = checked("socket", socket(AF_INET, SOCK[protocol] | SOCK_CLOEXEC, 0));
  try {
    checked("setsockopt", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filterProgram(), 16));
    if (protocol === "tcp") {
      checked("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Buffer.from([1, 0, 0, 0]), 4));
    }
    checked("bind", bind(fd, socketAddress(address, port), 16));
    if (protocol === "tcp") checked("listen", listen(fd, 1));
  } catch (error) {
    close(fd);
    throw error;
  }
  let held = true;
  return {
    release() {
      if (held) close(fd);
      held = false;
    },
  };
}

/** `struct sock_fprog`: the number of instructions and where they are. */
function filterProgram(): Buffer {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(DROP_ALL.length / 8, 0);
  program.writeBigUInt64LE(koffi.address(DROP_ALL), 8);
  return program;
}

/** `struct sockaddr_in`. */
function socketAddress(address: string, port: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt16LE(AF_INET, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(address.split(".").map(Number), 4);
  return buffer;
}
