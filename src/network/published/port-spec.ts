import { EngineError } from "#errors/engine-error.ts";
import type { PortBinding, PortMap } from "#spec/docker-api/types.ts";
import { type Family, familyOf, formatAddress, parseAddress } from "../addresses/ip.ts";

export type PortProtocol = "tcp" | "udp" | "sctp";

/** Where a port is published that names no address, and whether it can be on IPv6 ones. */
export interface HostIps {
  readonly usual: readonly string[];
  readonly hasIpv6: boolean;
  /** Families in which no port of the host is taken: others use the container's own address. None without. */
  readonly routed?: readonly Family[] | undefined;
}

/** One port that is to be published. */
export interface PortRequest {
  /** As the API names it: `80/tcp`. */
  readonly key: string;
  readonly protocol: PortProtocol;
  readonly port: number;
  /** All of them at one port. */
  readonly hostIps: readonly string[];
  /** Addresses that say no more than in which family the port is open at the container's own. None without. */
  readonly routed?: readonly string[] | undefined;
  /** The host's ports to choose from; undefined for a random one. */
  readonly hostPorts: { readonly first: number; readonly last: number } | undefined;
}

export interface PortDemand {
  readonly exposedPorts: readonly string[];
  readonly portBindings: PortMap;
  readonly publishAllPorts: boolean;
}

/** What a container's ports come to: what to publish, and the keys that are merely exposed. */
export interface PortPlan {
  readonly requests: readonly PortRequest[];
  readonly exposed: readonly string[];
}

/**
 * Reads what the user asked for.
 *
 * @param hostIps the host's addresses for bindings without one.
 * @throws EngineError `invalid` for a malformed port or address, or one of IPv6 where the container has none.
 */
export function planPorts(demand: PortDemand, hostIps: HostIps): PortPlan {
  const bound = Object.entries(demand.portBindings).filter(([, bindings]) => bindings !== null && bindings.length > 0);
  const requests = bound.flatMap(([key, bindings]) => (bindings ?? []).map((binding) => requestOf(key, binding, hostIps)));
  const published = new Set(bound.map(([key]) => key));
  const rest = [...demand.exposedPorts, ...Object.keys(demand.portBindings)].filter((key) => !published.has(key));
  const exposed = [...new Set(rest)];
  for (const key of exposed) parseKey(key);
  if (!demand.publishAllPorts) return { requests, exposed };
  return { requests: [...requests, ...exposed.map((key) => requestOf(key, {}, hostIps))], exposed: [] };
}

function requestOf(key: string, binding: PortBinding, hostIps: HostIps): PortRequest {
  const { protocol, port } = parseKey(key);
  const wanted = binding.HostIp === undefined || binding.HostIp === "" ? hostIps.usual : [readHostIp(key, binding.HostIp, hostIps)];
  const isRouted = (hostIp: string): boolean => hostIps.routed?.includes(familyOf(hostIp)) === true;
  const taken = wanted.filter((hostIp) => !isRouted(hostIp));
  const routed = taken.length === wanted.length ? {} : { routed: wanted.filter(isRouted) };
  return { key, protocol, port, hostIps: taken, ...routed, hostPorts: parseHostPorts(binding.HostPort, key) };
}

/** `[::1]` is what people write for ::1. */
function readHostIp(key: string, text: string, { hasIpv6 }: HostIps): string {
  const address = parseAddress(text.replace(/^\[(.*)\]$/, "$1"));
  if (address === undefined) throw new EngineError("invalid", `invalid IP address in port binding of ${key}: ${text}`);
  if (address.family === 6 && !hasIpv6)
    throw new EngineError(
      "invalid",
      `port ${key} cannot be published on ${text}: the container has no IPv6 address (network create --ipv6)`,
    );
  if (address.family === 6 && address.value === 1n)
    throw new EngineError(
      "invalid",
      `port ${key} cannot be published on ${text}: Linux leads nothing from there to a container; use 127.0.0.1`,
    );
  return formatAddress(address);
}

function parseKey(key: string): { protocol: PortProtocol; port: number } {
  const [number = "", protocol = "tcp"] = key.split("/");
  const port = parsePort(number);
  if (port === undefined || port === 0) throw new EngineError("invalid", `invalid port: ${key}`);
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp") throw new EngineError("invalid", `invalid protocol of port ${key}`);
  return { protocol, port };
}

/** Empty or `0`: any. `8000-8010`: one of these. */
function parseHostPorts(text: string | undefined, key: string): PortRequest["hostPorts"] {
  if (text === undefined || text === "" || text === "0") return undefined;
  const [low = "", high = low, extra] = text.split("-");
  const first = parsePort(low);
  const last = parsePort(high);
  if (first === undefined || last === undefined || first === 0 || last < first || extra !== undefined) {
    throw new EngineError("invalid", `invalid host port in port binding of ${key}: ${text}`);
  }
  return { first, last };
}

function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
