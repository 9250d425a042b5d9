import { EngineError } from "#errors/engine-error.ts";
import type { NetworkContext } from "../context.ts";
import { NO_ADDRESS } from "../drivers/contract.ts";
import { interfaceNames, type PlannedEndpoint } from "./endpoint-plan.ts";
import { newId } from "../record/network.ts";
import type { Endpoint } from "./sandbox.ts";

type Deps = Pick<NetworkContext, "drivers" | "registry" | "departures">;

/**
 * Reserves a place in each network, or in none. When one is short of addresses, those that are being given back are waited for,
 * once.
 *
 * @param taken names of interfaces that are inside already.
 */
export async function reserveEndpoints(
  deps: Deps,
  planned: readonly PlannedEndpoint[],
  taken: readonly string[] = [],
): Promise<Endpoint[]> {
  const names = interfaceNames(planned, taken);
  try {
    return reserveNow(deps, planned, names);
  } catch (error) {
    if (!(error instanceof EngineError && error.code === NO_ADDRESS) || deps.departures.size === 0) throw error;
    await deps.departures.all();
    return reserveNow(deps, planned, names);
  }
}

function reserveNow(deps: Deps, planned: readonly PlannedEndpoint[], names: readonly string[]): Endpoint[] {
  const endpoints: Endpoint[] = [];
  try {
    for (const [index, plan] of planned.entries()) endpoints.push(reserveOne(deps, plan, names[index] ?? ""));
  } catch (error) {
    freeEndpoints(deps, endpoints);
    throw error;
  }
  return endpoints;
}

function reserveOne({ drivers }: Deps, plan: PlannedEndpoint, name: string): Endpoint {
  const id = newId();
  const { network, wishes } = plan;
  const link = drivers[network.driver].reserve(network, { ...plan, endpointId: id, name });
  return { id, networkId: network.id, network: network.name, wishes, link };
}

/** Gives the addresses back; the interfaces are gone, or were never made. */
export function freeEndpoints({ drivers, registry }: Pick<Deps, "drivers" | "registry">, endpoints: readonly Endpoint[]): void {
  for (const { networkId, link } of endpoints) {
    const network = registry.get(networkId);
    if (network !== undefined && link !== undefined) drivers[network.driver].free(network, link);
  }
}
