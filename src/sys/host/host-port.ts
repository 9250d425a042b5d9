import { checked, libc, SystemCallError } from "#sys/ffi.ts";
import { ipv6Bytes } from "../sockets/ipv6-bytes.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const setsockopt = libc("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const bind = libc("int bind(int fd, const void *address, uint32_t length)");
const listen = libc("int listen(int fd, int backlog)");
const shutdown = libc("int shutdown(int fd, int how)");
const close = libc("int close(int fd)");

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_CLOEXEC = 0o2000000;
/** SCTP has its own kind of listening, and a kernel may lack it: a raw socket would hold nothing. */
const SOCK = { tcp: 1, udp: 2, sctp: 1 } as const;
const PROTOCOL = { tcp: 0, udp: 0, sctp: 132 } as const;
type Protocol = keyof typeof SOCK;
const EPROTONOSUPPORT = 93;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const IPPROTO_IP = 0;
const IP_MINTTL = 21;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_MINHOPCOUNT = 73;
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
 * SCTP ports are held like TCP's, where the kernel has the protocol; where it has not, nobody else can take one either.
 *
 * @param address an address of the host, `0.0.0.0` or `::` for all of a family.
 * @throws SystemCallError EADDRINUSE, EADDRNOTAVAIL, EACCES.
 */
export function holdPort(protocol: Protocol, address: string, port: number): HeldPort {
  const fd = protocol === "tcp" && address.includes(":") ? holdSilently(address, port) : hold(protocol, address, port, true);
  let held = true;
  return {
    release() {
      if (!held || fd === undefined) return;
      held = false;
      // A process that is being started has a copy of every descriptor until its exec: closing ours alone would leave the port taken.
      shutdown(fd, SHUT_RDWR);
      close(fd);
    },
  };
}

/**
 * The kernel leads nothing from ::1 to a container, and a program that tries `localhost` there first has to be refused at once, to go on
 * with 127.0.0.1. So an IPv6 socket does not listen; in place of that it keeps others away by not sharing the port at all, where old
 * connections allow it.
 */
function holdSilently(address: string, port: number): number | undefined {
  try {
    return hold("tcp", address, port, false);
  } catch (error) {
    if (!(error instanceof SystemCallError && error.code === "EADDRINUSE")) throw error;
    return hold("tcp", address, port, true);
  }
}

/** @returns undefined where the kernel does not have the protocol. */
function hold(protocol: Protocol, address: string, port: number, listens: boolean): number | undefined {
  const isIpv6 = address.includes(":");
  const fd = open(protocol, isIpv6);
  if (fd === undefined) return undefined;
  try {
    const set = (level: number, option: number, value: number): void => {
      checked("setsockopt", setsockopt(fd, level, option, Buffer.from([value, 0, 0, 0]), 4));
    };
    if (isIpv6) set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (protocol === "udp") set(SOL_SOCKET, SO_RCVBUF, 0);
    if (protocol === "tcp" && listens) {
      set(SOL_SOCKET, SO_REUSEADDR, 1);
      if (isIpv6) set(IPPROTO_IPV6, IPV6_MINHOPCOUNT, 255);
      else set(IPPROTO_IP, IP_MINTTL, 255);
    }
    const target = isIpv6 ? socketAddress6(address, port) : socketAddress(address, port);
    checked("bind", bind(fd, target, target.length));
    if (protocol === "tcp" && listens) checked("listen", listen(fd, 1));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Undefined where the kernel does not have the protocol. */
function open(protocol: Protocol, isIpv6: boolean): number | undefined {
  try {
    return checked("socket", socket(isIpv6 ? AF_INET6 : AF_INET, SOCK[protocol] | SOCK_CLOEXEC, PROTOCOL[protocol]));
  } catch (error) {
    if (protocol === "sctp" && error instanceof SystemCallError && error.errno === EPROTONOSUPPORT) return undefined;
    throw error;
  }
}

/** `struct sockaddr_in6`. */
function socketAddress6(address: string, port: number): Buffer {
  const buffer = Buffer.alloc(28);
  buffer.writeUInt16LE(AF_INET6, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(ipv6Bytes(address), 8);
  return buffer;
}

/** `struct sockaddr_in`. */
function socketAddress(address: string, port: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt16LE(AF_INET, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(address.split(".").map(Number), 4);
  return buffer;
}
