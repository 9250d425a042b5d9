import ipaddr from "ipaddr.js";
import { addressOf, isLoopbackHost } from "./address.ts";

/** As `http-proxy`, `https-proxy` and `no-proxy` say. */
export interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly none: string | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** The proxy that leads to an address, by the rules of Go's net/http, which dockerd's users know; undefined: none, straight. */
export function proxyFor(url: URL, { http, https, none }: Proxies): string | undefined {
  const proxy = url.protocol === "https:" ? https : http;
  if (proxy === undefined || proxy === "" || isLoopbackHost(url.hostname)) return undefined;
  const entries = (none ?? "").split(",").map((entry) => entry.trim().toLowerCase());
  if (entries.some((entry) => entry !== "" && isNamedBy(entry, url))) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/** `*`, a network, an address, a domain (and those below it), `.domain` or `*.domain` (only those below it); each but the first two with a port. */
function isNamedBy(entry: string, { hostname, port, protocol }: URL): boolean {
  if (entry === "*") return true;
  const address = addressOf(hostname);
  if (entry.includes("/")) return address !== undefined && isInNetwork(address, entry);
  const [host, entryPort] = hostAndPort(entry);
  if (entryPort !== undefined && entryPort !== (port === "" ? DEFAULT_PORTS[protocol] : port)) return false;
  if (address !== undefined) return addressOf(host)?.toString() === address.toString();
  const name = hostname.toLowerCase();
  const below = host.replace(/^\*(?=\.)/, "");
  return below.startsWith(".") ? name.endsWith(below) : name === below || name.endsWith(`.${below}`);
}

function hostAndPort(entry: string): [host: string, port: string | undefined] {
  // An address of IPv6 has colons of its own, unless it stands in brackets.
  if (ipaddr.isValid(entry)) return [entry, undefined];
  const match = /^(.*?)(?::(\d+))?$/.exec(entry);
  return [match?.[1] ?? entry, match?.[2]];
}

function isInNetwork(address: ipaddr.IPv4 | ipaddr.IPv6, entry: string): boolean {
  if (!ipaddr.isValidCIDR(entry)) return false;
  const [network, bits] = ipaddr.parseCIDR(entry);
  return address.kind() === network.kind() && address.match(network, bits);
}
