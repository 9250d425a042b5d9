import { EngineError } from "#errors/engine-error.ts";
import type { NetworkContext } from "./context.ts";
import { isPredefined, type Network } from "./record/network.ts";
import { emitLifeEvent } from "./record/network-events.ts";
import { refreshRules } from "./restore/refresh-rules.ts";

/** Removes a network that nobody is on. @throws EngineError `not-found`; `forbidden` for a predefined one and one in use. */
export async function removeNetwork(context: NetworkContext, term: string): Promise<void> {
  const found = context.registry.find(term);
  if (isPredefined(found.name)) throw new EngineError("forbidden", `${found.name} is a pre-defined network and cannot be removed`);
  await context.locks.run("networks", async () => {
    if (context.sandboxes.networksInDrain().has(found.id)) await context.departures.all();
    const network = context.registry.find(found.id);
    refuseInUse(context, network);
    refuseUsedConfiguration(context, network);
    // Without a wait in between, so that no container gets an address of it any more.
    context.registry.hide(network.id);
    try {
      await refreshRules(context);
      await context.drivers[network.driver].down(network);
    } catch (error) {
      context.registry.save(network);
      throw error;
    }
    context.registry.remove(network.id);
    emitLifeEvent(context, "destroy", network);
  });
}

function refuseUsedConfiguration({ registry }: Pick<NetworkContext, "registry">, { name, configuration }: Network): void {
  if (configuration === undefined || !registry.all().some(({ configFrom }) => configFrom === name)) return;
  throw new EngineError("forbidden", `configuration network ${JSON.stringify(name)} is in use`);
}

function refuseInUse({ sandboxes }: Pick<NetworkContext, "sandboxes">, network: Network): void {
  const users = sandboxes.endpointsOn(network.id);
  if (users.length === 0) return;
  const names = users.map(({ sandbox, endpoint }) => `name:"${sandbox.containerName}" id:"${endpoint.id.slice(0, 12)}"`);
  throw new EngineError("forbidden", `error while removing network: network ${network.name} has active endpoints (${names.join(", ")})`);
}
