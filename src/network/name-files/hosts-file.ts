/** One line of a hosts file. */
export interface HostsEntry {
  readonly address: string;
  readonly names: string;
}

/**
 * The contents of a container's /etc/hosts: loopback, what the user added, the container's own names. A network without IPv6 gets
 * no IPv6 lines, since a name that resolves to ::1 where nothing can listen there fails first and slowly.
 */
export function hostsFile(extra: readonly HostsEntry[], own: readonly HostsEntry[]): string {
  const lines = [{ address: "127.0.0.1", names: "localhost" }, ...extra, ...own];
  return lines.map(({ address, names }) => `${address}\t${names}\n`).join("");
}

/** `web` in `example.org` at its address: the full name comes first, as `hostname -f` expects. */
export function ownEntry(address: string, hostname: string, domainname: string): HostsEntry {
  const [short = hostname] = hostname.split(".");
  const full = domainname === "" ? hostname : `${hostname}.${domainname}`;
  return { address, names: full === short ? short : `${full} ${short}` };
}
