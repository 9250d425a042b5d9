import { EngineError } from "#errors/engine-error.ts";
import { type BridgeDefaults, bridgeSettings } from "../record/bridge-settings.ts";
import { hasInterfaces, type Network } from "../record/network.ts";
import { parseExtraHosts } from "./container-names.ts";
import type { NetworkContext } from "../context.ts";
import { chooseGateway, type PlannedEndpoint, planEndpoints, withoutIpv6 } from "./endpoint-plan.ts";
import { type HostIps, type PortPlan, planPorts } from "../published/port-spec.ts";
import type { NetworkRequest } from "./request.ts";

type Deps = Pick<NetworkContext, "registry" | "options">;

/** A request, understood. */
export interface SandboxPlan {
  readonly endpoints: readonly PlannedEndpoint[];
  /** The one that published ports go through. */
  readonly gateway: PlannedEndpoint | undefined;
  readonly ports: PortPlan;
}

/** Checks all that can be checked before a start. @throws EngineError */
export function validate(deps: Deps, request: NetworkRequest): void {
  planSandbox(deps, request);
  parseExtraHosts(request.extraHosts, hostGateway(deps));
}

/** @throws EngineError */
export function planSandbox({ registry, options }: Deps, request: NetworkRequest): SandboxPlan {
  const planned = planEndpoints(registry, request.mode, request.endpoints);
  const endpoints = withLinks(request.refusesIpv6 === true ? planned.map(withoutIpv6) : planned, request.links);
  const gateway = chooseGateway(endpoints);
  if (request.rate !== undefined) refuseRate(endpoints);
  const hostIps = hostIpsFor(gateway?.network, options.bridge, request);
  return { endpoints, gateway, ports: reachablePorts(planPorts(request, hostIps), endpoints, gateway) };
}

/** Where a port is published that names no address: on the host's addresses of each family that the container has. */
export function hostIpsFor(
  network: Network | undefined,
  defaults: BridgeDefaults,
  { refusesIpv6 = false }: Pick<NetworkRequest, "refusesIpv6">,
): HostIps {
  const hasIpv6 = network?.ipam6 !== undefined && !refusesIpv6;
  if (network?.driver !== "bridge") return { hasIpv6, usual: [defaults.hostIp] };
  const { hostIp, mode4, mode6 } = bridgeSettings(network, defaults);
  const routed = [...(mode4 === "routed" ? [4 as const] : []), ...(mode6 === "routed" ? [6 as const] : [])];
  // Who names an address of one family means that one alone.
  return { hasIpv6, usual: hasIpv6 && hostIp === "0.0.0.0" ? [hostIp, "::"] : [hostIp], ...(routed.length === 0 ? {} : { routed }) };
}

/** The limits are on the host's end of an interface, which these have not. */
function refuseRate(endpoints: readonly PlannedEndpoint[]): void {
  const shared = endpoints.find(({ network }) => network.driver === "macvlan" || network.driver === "ipvlan");
  if (shared === undefined) return;
  throw new EngineError(
    "not-implemented",
    `a network rate on network ${shared.network.name} (${shared.network.driver}) is not implemented`,
  );
}

function withLinks([first, ...others]: PlannedEndpoint[], links: NetworkRequest["links"]): PlannedEndpoint[] {
  if (first === undefined || links.length === 0) return first === undefined ? others : [first, ...others];
  return [{ ...first, wishes: { ...first.wishes, links: [...first.wishes.links, ...links] } }, ...others];
}

/**
 * Ports of a container that nobody outside can reach, or that is out there itself, are merely exposed, as with Docker; on the host's
 * network they are what they are.
 */
function reachablePorts(plan: PortPlan, endpoints: readonly PlannedEndpoint[], gateway: PlannedEndpoint | undefined): PortPlan {
  if (gateway?.network.driver === "bridge") return plan;
  if (!endpoints.some(({ network }) => hasInterfaces(network))) return { requests: [], exposed: [] };
  return { requests: [], exposed: [...new Set([...plan.exposed, ...plan.requests.map(({ key }) => key)])] };
}

/** What `host-gateway` in --add-host stands for. */
export function hostGateway({ registry, options }: Deps): string {
  return options.names.hostGatewayIp ?? registry.named("bridge")?.ipam?.gateway ?? "";
}
