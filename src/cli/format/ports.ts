import type { PortSummary } from "#spec/docker-api/types.ts";

interface Group {
  readonly key: string;
  readonly ip: string;
  readonly type: string;
  readonly first: number;
  readonly last: number;
}

/**
 * `99/tcp, 0.0.0.0:8080->80/tcp, [::]:8000-8002->8000-8002/tcp`: neighbours that have the same number on both sides, or none on the
 * host, are drawn together, as docker's command line does.
 */
export function showPorts(ports: readonly PortSummary[]): string {
  const sorted = ports.toSorted(compare);
  const groups = sorted.filter((port) => !isMapped(port)).reduce<Group[]>(grouped, []);
  const mapped = sorted.filter(isMapped).map((port) => `${at(port.IP ?? "", `${port.PublicPort}`)}->${port.PrivatePort}/${typeOf(port)}`);
  return [...groups.map(showGroup), ...mapped].join(", ");
}

const typeOf = ({ Type }: PortSummary): string => Type ?? "tcp";

/** Published under another number. */
const isMapped = ({ IP = "", PrivatePort, PublicPort }: PortSummary): boolean => IP !== "" && PublicPort !== PrivatePort;

function compare(a: PortSummary, b: PortSummary): number {
  const [ipA = "", ipB = ""] = [a.IP, b.IP];
  return (
    (a.PrivatePort ?? 0) - (b.PrivatePort ?? 0) ||
    (ipA < ipB ? -1 : Number(ipA > ipB)) ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    (typeOf(a) < typeOf(b) ? -1 : 1)
  );
}

function grouped(groups: Group[], port: PortSummary): Group[] {
  const { IP: ip = "", PrivatePort: number = 0 } = port;
  const key = `${ip}/${typeOf(port)}`;
  const index = groups.findLastIndex((group) => group.key === key);
  const before = groups[index];
  if (before === undefined || number > before.last + 1) return [...groups, { key, ip, type: typeOf(port), first: number, last: number }];
  return groups.with(index, { ...before, last: number });
}

function showGroup({ ip, type, first, last }: Group): string {
  const range = first === last ? `${first}` : `${first}-${last}`;
  return `${ip === "" ? "" : `${at(ip, range)}->`}${range}/${type}`;
}

const at = (ip: string, port: string): string => `${ip.includes(":") ? `[${ip}]` : ip}:${port}`;
