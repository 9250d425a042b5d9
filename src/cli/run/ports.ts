import { EngineError } from "#errors/engine-error.ts";

export interface Publication {
  /** `80/tcp`. */
  readonly port: string;
  readonly binding: { readonly HostIp: string; readonly HostPort: string };
}

const PUBLISH = /^(?:(?:\[([\da-f:.]+)\]|([\d.]+)):)?(?:(\d*|\d+-\d+):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/i;

/**
 * `-p [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]`, ports or ranges of the same length.
 *
 * @throws EngineError `invalid` naming the value.
 */
export function parsePublish(value: string): Publication[] {
  // Two parts are a host's port and a container's: only a third makes the first an address.
  const match = PUBLISH.exec(/^[\d-]*:[^:]*$/.test(value) ? `0.0.0.0:${value}` : value);
  const invalid = (why: string): EngineError =>
    new EngineError("invalid", `invalid publish specification ${JSON.stringify(value)}: ${why}`);
  if (match === null) throw invalid("want [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]");
  const [, v6, v4, hostPorts = "", inner = "", protocol = "tcp"] = match;
  const address = v6 ?? (v4 === "0.0.0.0" ? "" : v4) ?? "";
  const ports = range(inner, value);
  const outer = hostPorts === "" ? [] : range(hostPorts, value);
  // A range for one port lets the engine choose within it.
  const choose = outer.length > 1 && ports.length === 1;
  if (!choose && outer.length > 0 && outer.length !== ports.length) throw invalid("the ranges differ in length");
  return ports.map((port, index) => ({
    port: `${port}/${protocol.toLowerCase()}`,
    binding: { HostIp: address, HostPort: choose ? hostPorts : String(outer[index] ?? "") },
  }));
}

/** `8000-8003` as its numbers; at most 65,536 of them. */
export function range(text: string, whole: string): number[] {
  const [first = NaN, last = first] = text.split("-").map(Number);
  if (!(first >= 0 && last >= first && last <= 65_535))
    throw new EngineError("invalid", `invalid port range ${JSON.stringify(text)} in ${JSON.stringify(whole)}`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
