import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A host of a URL, brackets taken away. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** The address that a host is; undefined for a name. IPv4 in IPv6 clothes is IPv4. */
export function addressOf(hostname: string): Address | undefined {
  const host = bareHost(hostname);
  return ipaddr.isValid(host) ? ipaddr.process(host) : undefined;
}

/** 127.0.0.0/8, ::1, or `localhost` and names below it, which never leave the machine (RFC 6761). */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || addressOf(hostname)?.range() === "loopback";
}

/**
 * Addresses that a stranger may not send the daemon to, by a redirect or a token server's address: link-local ones, where clouds keep
 * their instances' credentials, never; this machine itself only for a registry that is on it.
 */
export function isForbiddenTarget(hostname: string, registryIsLocal: boolean): boolean {
  const range = addressOf(hostname)?.range();
  if (range === "linkLocal" || range === "unspecified" || range === "multicast" || range === "broadcast") return true;
  return isLoopbackHost(hostname) && !registryIsLocal;
}

/** Whether `host[:port]` is named by an entry of insecure-registries: the same text, or a network that holds the address. */
export function matchesRegistryEntry(host: string, hostname: string, entry: string): boolean {
  if (!entry.includes("/")) return entry.toLowerCase() === host.toLowerCase();
  const address = addressOf(hostname);
  if (address === undefined || !ipaddr.isValidCIDR(entry)) return false;
  const [network, bits] = ipaddr.parseCIDR(entry);
  return address.kind() === network.kind() && address.match(network, bits);
}
