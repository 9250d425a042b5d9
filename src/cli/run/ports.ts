import { invalid } from "../arguments/flag.ts";

export interface Publication {
  /** `80/tcp`. */
  readonly port: string;
  readonly binding: { readonly HostIp: string; readonly HostPort: string };
}

const PUBLISH = /^(?:(?:\[([\da-f:.]+)\]|([\d.]+)):)?(?:(\d*|\d+-\d+):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/i;
const HIGHEST = 65_535;

/** `-p [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]`, ports or ranges of the same length. */
export function parsePublish(text: string): Publication[] {
  // Two parts are a host's port and a container's: only a third makes the first an address.
  const match = PUBLISH.exec(/^[\d-]*:[^:]*$/.test(text) ? `0.0.0.0:${text}` : text);
  const [, v6, v4, hostPorts, inner = "", protocol = "tcp"] = match ?? invalid("must be [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]");
  if ((v6 ?? v4) !== undefined && hostPorts === undefined) invalid("an address needs a host port, or a colon in its place");
  const address = v6 ?? (v4 === "0.0.0.0" && !text.startsWith("0.0.0.0") ? "" : v4) ?? "";
  const ports = rangeOf(inner);
  const outer = hostPorts === undefined || hostPorts === "" ? [] : rangeOf(hostPorts);
  // A range for one port lets the engine choose within it.
  const choose = outer.length > 1 && ports.length === 1;
  if (!choose && outer.length > 0 && outer.length !== ports.length) invalid("the ranges differ in length");
  return ports.map((port, index) => ({
    port: `${port}/${protocol.toLowerCase()}`,
    binding: { HostIp: address, HostPort: choose ? (hostPorts ?? "") : String(outer[index] ?? "") },
  }));
}

/** `8000-8003` as its numbers; at most 65,536 of them. */
export function rangeOf(text: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1] ?? NaN);
  const last = Number(match?.[2] ?? first);
  if (!(last >= first && last <= HIGHEST)) invalid(`invalid port range ${JSON.stringify(text)}`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
