import { EngineError } from "#errors/engine-error.ts";
import type { Container } from "./container.ts";
import type { NetworkSandbox } from "../ports.ts";

export interface Port {
  readonly port: number;
  readonly protocol: string;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** `80`, `80/udp`, `8000-8010/tcp`. @throws EngineError `invalid`. */
export function parsePortRange(text: string): PortRange {
  const [, first = "", last = first, protocol = "tcp"] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  if (first === "" || Number(last) > 65_535 || Number(first) > Number(last)) {
    throw new EngineError("invalid", `invalid port ${JSON.stringify(text)}`);
  }
  return { first: Number(first), last: Number(last), protocol };
}

/** Every port that a container exposes, as its image and its user say. */
export function portsOf({ config }: Pick<Container, "config">): Port[] {
  return Object.keys(config.ExposedPorts ?? {}).flatMap(portOf);
}

/** The host's ports that lead to a container now. */
export function publishedPorts(sandbox: NetworkSandbox | undefined): Port[] {
  return Object.entries(sandbox?.ports ?? {}).flatMap(([key, targets]) => {
    const protocol = key.split("/")[1] ?? "tcp";
    return (targets ?? []).map(({ HostPort }) => ({ port: Number(HostPort), protocol }));
  });
}

function portOf(key: string): Port[] {
  const [, port = "", protocol = "tcp"] = /^(\d{1,5})(?:\/(\w+))?$/.exec(key) ?? [];
  return port === "" ? [] : [{ port: Number(port), protocol }];
}
