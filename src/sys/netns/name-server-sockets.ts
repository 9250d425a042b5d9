import { checked, libc, SystemCallError } from "../ffi.ts";
import { rewritePorts } from "../netlink/port-rewriting.ts";
import { NETLINK_NETFILTER, NetlinkSocket } from "../netlink/socket.ts";
import { closeFd } from "../processes/pipe.ts";
import { inNamespace, withNamespaceFile } from "./namespace.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const setsockopt = libc("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const bind = libc("int bind(int fd, const void *address, uint32_t length)");
const getsockname = libc("int getsockname(int fd, void *address, void *length)");

const AF_INET = 2;
const FLAGS = 0o2000000 | 0o4000; // SOCK_CLOEXEC | SOCK_NONBLOCK
const SOCK = { tcp: 1, udp: 2 } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** Where a container's programs look for names, whatever network it is on. Docker's address, known to images. */
export const NAME_SERVER_ADDRESS = "127.0.0.11";
const DNS_PORT = 53;
/** A port that is free for UDP may be a program's of the container for TCP. */
const ATTEMPTS = 16;

/** Descriptors of sockets inside a namespace, both on one port; whoever gets them closes them. */
export interface NameServerSockets {
  readonly udp: number;
  readonly tcp: number;
  readonly port: number;
}

/** In the container's namespace, where no other instance's is. */
const TABLE = "dhow-names";

/**
 * Opens the sockets of a name server inside a namespace and leads port 53 of 127.0.0.11 to them. Called again, the new sockets take
 * the place of the old ones.
 *
 * Port 53 itself stays free for a server of the container's own. The ports are rewritten packet by packet rather than by NAT, which
 * would have the kernel track every connection of the container from then on, and a flow a query. Questions are rewritten before
 * connection tracking looks at them and answers behind it, so that a firewall inside sees both as one exchange.
 *
 * @throws SystemCallError.
 */
export function openNameServer(namespace: string): NameServerSockets {
  return withNamespaceFile(namespace, (descriptor) =>
    inNamespace(descriptor, () => {
      const sockets = openPair();
      try {
        leadTo(sockets.port);
        return sockets;
      } catch (error) {
        closeFd(sockets.udp);
        closeFd(sockets.tcp);
        throw error;
      }
    }),
  );
}

/** An unbound socket of a namespace, to ask a server that only the container can reach. */
export function openSocketIn(namespace: string, protocol: "udp" | "tcp"): number {
  return withNamespaceFile(namespace, (descriptor) =>
    inNamespace(descriptor, () => checked("socket", socket(AF_INET, SOCK[protocol] | FLAGS, 0))),
  );
}

/** In the namespace that this thread is in. */
function leadTo(port: number): void {
  using netfilter = NetlinkSocket.open(NETLINK_NETFILTER);
  const ports = { table: TABLE, address: NAME_SERVER_ADDRESS, shown: DNS_PORT, real: port };
  try {
    netfilter.transact("name server", ...rewritePorts(ports, { replace: false }));
  } catch (error) {
    // An earlier daemon's.
    if (!(error instanceof SystemCallError && error.code === "EEXIST")) throw error;
    netfilter.transact("name server", ...rewritePorts(ports, { replace: true }));
  }
}

function openPair(): NameServerSockets {
  for (let attempt = 1; ; attempt++) {
    const udp = bound("udp", 0);
    try {
      const port = portOf(udp);
      return { udp, tcp: bound("tcp", port), port };
    } catch (error) {
      closeFd(udp);
      if (!(error instanceof SystemCallError && error.code === "EADDRINUSE") || attempt === ATTEMPTS) throw error;
    }
  }
}

function bound(protocol: "udp" | "tcp", port: number): number {
  const fd = checked("socket", socket(AF_INET, SOCK[protocol] | FLAGS, 0));
  try {
    if (protocol === "tcp") checked("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Buffer.from([1, 0, 0, 0]), 4));
    checked("bind", bind(fd, socketAddress(port), 16));
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** `struct sockaddr_in` of the name server. */
function socketAddress(port: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt16LE(AF_INET, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(NAME_SERVER_ADDRESS.split(".").map(Number), 4);
  return buffer;
}

function portOf(fd: number): number {
  const address = Buffer.alloc(16);
  checked("getsockname", getsockname(fd, address, Buffer.from([16, 0, 0, 0])));
  return address.readUInt16BE(2);
}
