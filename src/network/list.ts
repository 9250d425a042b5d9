import { EngineError } from "#errors/engine-error.ts";
import { type Filters, matchesAny, matchesLabels } from "#spec/filters/filters.ts";
import type { PoolUsage } from "./addresses/ipam.ts";
import type { NetworkContext } from "./context.ts";
import { isPredefined, type Network } from "./record/network.ts";
import type { Endpoint } from "./sandbox/sandbox.ts";

type Deps = Pick<NetworkContext, "registry" | "sandboxes">;
type InspectDeps = Deps & Pick<NetworkContext, "drivers">;

/** A network with the running containers that are on it. */
export interface NetworkState {
  readonly network: Network;
  readonly containers: readonly { readonly id: string; readonly name: string; readonly endpoint: Endpoint }[];
}

export interface InspectedNetwork extends NetworkState {
  /** How much of each subnet is in use. */
  readonly usage: Readonly<Record<string, PoolUsage>>;
}

/** The networks that match, oldest first. @throws EngineError `invalid` for a filter's value. */
export function listNetworks(deps: Deps, filters: Filters): NetworkState[] {
  checkFilters(filters);
  return deps.registry
    .all()
    .toSorted((one, other) => (one.created < other.created ? -1 : 1))
    .map((network) => stateOf(deps, network))
    .filter((state) => matches(state, filters));
}

/** @throws EngineError `not-found`. */
export function inspectNetwork(deps: InspectDeps, term: string): InspectedNetwork {
  const network = deps.registry.find(term);
  return { ...stateOf(deps, network), usage: deps.drivers[network.driver].usage(network) };
}

function stateOf({ sandboxes }: Deps, network: Network): NetworkState {
  const containers = sandboxes
    .endpointsOn(network.id)
    .map(({ sandbox, endpoint }) => ({ id: sandbox.containerId, name: sandbox.containerName, endpoint }));
  return { network, containers };
}

function checkFilters(filters: Filters): void {
  const dangling = filters.get("dangling") ?? [];
  if (dangling.length > 1) throw new EngineError("invalid", 'got more than one value for filter key "dangling"');
  if (!dangling.every((value) => ["0", "1", "false", "true"].includes(value))) {
    throw new EngineError("invalid", `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`);
  }
  for (const type of filters.get("type") ?? []) {
    if (type !== "builtin" && type !== "custom") throw new EngineError("invalid", `invalid filter: 'type'='${type.slice(0, 100)}'`);
  }
}

function matches({ network, containers }: NetworkState, filters: Filters): boolean {
  const type = isPredefined(network.name) ? "builtin" : "custom";
  const dangling = type === "custom" && containers.length === 0;
  return (
    matchesAny(filters, "driver", (value) => value === network.driver) &&
    matchesAny(filters, "id", (value) => network.id.includes(value)) &&
    matchesAny(filters, "name", (value) => network.name.includes(value)) &&
    matchesAny(filters, "scope", (value) => value === "local") &&
    matchesAny(filters, "type", (value) => value === type) &&
    matchesAny(filters, "dangling", (value) => (value === "1" || value === "true") === dangling) &&
    matchesLabels(filters, network.labels)
  );
}
