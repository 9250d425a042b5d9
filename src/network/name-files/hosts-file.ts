/** One line of a hosts file. */
export interface HostsEntry {
  readonly address: string;
  readonly names: string;
}

/**
 * The contents of a container's /etc/hosts: loopback, what the user added, the container's own names. A network without IPv6 gets
 * no IPv6 lines, since a name that resolves to ::1 where nothing can listen there fails first and slowly.
 *
 * @param own at its addresses; an IPv6 one says that there is IPv6.
 */
export function hostsFile(extra: readonly HostsEntry[], own: readonly HostsEntry[]): string {
  const ipv6 = own.some(({ address }) => address.includes(":")) ? IPV6_LINES : [];
  const lines = [{ address: "127.0.0.1", names: "localhost" }, ...ipv6, ...extra, ...own];
  return lines.map(({ address, names }) => `${address}\t${names}\n`).join("");
}

/** As Docker and Debian have them. */
const IPV6_LINES: readonly HostsEntry[] = [
  { address: "::1", names: "localhost ip6-localhost ip6-loopback" },
  { address: "fe00::", names: "ip6-localnet" },
  { address: "ff00::", names: "ip6-mcastprefix" },
  { address: "ff02::1", names: "ip6-allnodes" },
  { address: "ff02::2", names: "ip6-allrouters" },
];

/** `web` in `example.org` at its address: the full name comes first, as `hostname -f` expects. */
export function ownEntry(address: string, hostname: string, domainname: string): HostsEntry {
  const [short = hostname] = hostname.split(".");
  const full = domainname === "" ? hostname : `${hostname}.${domainname}`;
  return { address, names: full === short ? short : `${full} ${short}` };
}
