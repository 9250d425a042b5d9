import { bridgeSettings } from "../record/bridge-settings.ts";
import { parseExtraHosts } from "./container-names.ts";
import type { NetworkContext } from "../context.ts";
import { chooseGateway, type PlannedEndpoint, planEndpoints } from "./endpoint-plan.ts";
import { type PortPlan, planPorts } from "../published/port-spec.ts";
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
  const endpoints = withLinks(planEndpoints(registry, request.mode, request.endpoints), request.links);
  const gateway = chooseGateway(endpoints);
  const hostIp = gateway === undefined ? options.bridge.hostIp : bridgeSettings(gateway.network, options.bridge).hostIp;
  return { endpoints, gateway, ports: reachablePorts(planPorts(request, hostIp), endpoints, gateway) };
}

function withLinks([first, ...others]: PlannedEndpoint[], links: NetworkRequest["links"]): PlannedEndpoint[] {
  if (first === undefined || links.length === 0) return first === undefined ? others : [first, ...others];
  return [{ ...first, wishes: { ...first.wishes, links: [...first.wishes.links, ...links] } }, ...others];
}

/** Ports of a container that nobody outside can reach are merely exposed, as with Docker; on the host's network they are what they are. */
function reachablePorts(plan: PortPlan, endpoints: readonly PlannedEndpoint[], gateway: PlannedEndpoint | undefined): PortPlan {
  if (gateway !== undefined) return plan;
  if (!endpoints.some(({ network }) => network.driver === "bridge")) return { requests: [], exposed: [] };
  return { requests: [], exposed: [...new Set([...plan.exposed, ...plan.requests.map(({ key }) => key)])] };
}

/** What `host-gateway` in --add-host stands for. */
export function hostGateway({ registry, options }: Deps): string {
  return options.names.hostGatewayIp ?? registry.named("bridge")?.ipam?.gateway ?? "";
}
