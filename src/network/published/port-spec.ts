import { EngineError } from "#errors/engine-error.ts";
import type { PortBinding, PortMap } from "#spec/docker-api/types.ts";
import { parseAddress } from "../addresses/ipv4.ts";

export type PortProtocol = "tcp" | "udp";

/** One port that is to be published. */
export interface PortRequest {
  /** As the API names it: `80/tcp`. */
  readonly key: string;
  readonly protocol: PortProtocol;
  readonly port: number;
  readonly hostIp: string;
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
 * @param hostIp the host's address for bindings without one.
 * @throws EngineError `invalid` for a malformed port or address, `not-implemented` for SCTP and IPv6.
 */
export function planPorts(demand: PortDemand, hostIp: string): PortPlan {
  const bound = Object.entries(demand.portBindings).filter(([, bindings]) => bindings !== null && bindings.length > 0);
  const requests = bound.flatMap(([key, bindings]) => (bindings ?? []).map((binding) => requestOf(key, binding, hostIp)));
  const published = new Set(bound.map(([key]) => key));
  const rest = [...demand.exposedPorts, ...Object.keys(demand.portBindings)].filter((key) => !published.has(key));
  const exposed = [...new Set(rest)];
  for (const key of exposed) parseKey(key);
  if (!demand.publishAllPorts) return { requests, exposed };
  return { requests: [...requests, ...exposed.map((key) => requestOf(key, {}, hostIp))], exposed: [] };
}

function requestOf(key: string, binding: PortBinding, defaultIp: string): PortRequest {
  const { protocol, port } = parseKey(key);
  const hostIp = binding.HostIp === undefined || binding.HostIp === "" ? defaultIp : binding.HostIp;
  if (hostIp.includes(":")) throw new EngineError("not-implemented", `publishing port ${key} on ${hostIp}: IPv6 is not implemented`);
  if (parseAddress(hostIp) === undefined) throw new EngineError("invalid", `invalid IP address in port binding of ${key}: ${hostIp}`);
  return { key, protocol, port, hostIp, hostPorts: parseHostPorts(binding.HostPort, key) };
}

function parseKey(key: string): { protocol: PortProtocol; port: number } {
  const [number = "", protocol = "tcp"] = key.split("/");
  const port = parsePort(number);
  if (port === undefined || port === 0) throw new EngineError("invalid", `invalid port: ${key}`);
  if (protocol === "sctp") throw new EngineError("not-implemented", `port ${key}: SCTP is not implemented`);
  if (protocol !== "tcp" && protocol !== "udp") throw new EngineError("invalid", `invalid protocol of port ${key}`);
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
