import { isIP, BlockList } from "node:net";
import { ConfigError } from "../config-error.ts";

/** Where the API listens. */
export type HostAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** Sockets that systemd opened: all of them, or the one of that name or number. */
  | { readonly kind: "fd"; readonly name: string };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Parses an argument of `--host`. Without a scheme it is TCP, and an empty one is the default, as Docker has it.
 *
 * @throws ConfigError with Docker's texts.
 */
export function parseHost(text: string, options: { tls: boolean; defaultPath: string }): HostAddress {
  const trimmed = text.trim();
  const [, scheme, rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(trimmed) ?? [];
  switch (scheme ?? (trimmed === "" ? "unix" : "tcp")) {
    case "unix":
      return unixAddress(rest === "" ? options.defaultPath : rest, text);
    case "tcp":
      return tcpAddress(rest, text, options.tls ? TLS_PORT : PLAIN_PORT);
    case "fd":
      return { kind: "fd", name: rest === "*" ? "" : rest };
    default:
      throw invalid(text, `unsupported proto '${scheme}'`);
  }
}

/** The kernel keeps 108 bytes for the path of a unix socket, its final NUL included. */
function unixAddress(path: string, text: string): HostAddress {
  if (!path.startsWith("/")) throw invalid(text, "the path of a unix socket has to be absolute");
  if (Buffer.byteLength(path) > 107) throw invalid(text, "the path of a unix socket is limited to 107 bytes");
  return { kind: "unix", path };
}

function tcpAddress(rest: string, text: string, defaultPort: number): HostAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/[\]]*))(?::(\d{0,5}))?\/?$/i.exec(rest);
  if (match === null) throw invalid(text, "want tcp://HOST:PORT");
  const [, ipv6, name = "", digits = ""] = match;
  const port = digits === "" ? defaultPort : Number(digits);
  if (port > 65_535) throw invalid(text, `invalid port ${digits}`);
  if (ipv6 !== undefined && isIP(ipv6) !== 6) throw invalid(text, "invalid IPv6 address");
  return { kind: "tcp", host: ipv6 ?? (name === "" ? "127.0.0.1" : name), port };
}

function invalid(text: string, why: string): ConfigError {
  return new ConfigError(`invalid bind address (${text}): ${why}`);
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether nothing but this host can reach an address. A name other than `localhost` may resolve to anything: it counts as reachable. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host === "localhost" : loopback.check(host, family === 4 ? "ipv4" : "ipv6");
}

export function formatHost(address: HostAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.path}`;
    case "tcp":
      return `tcp://${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
    case "fd":
      return `fd://${address.name}`;
  }
}
