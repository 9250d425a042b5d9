import type { NetworkContext } from "../context.ts";
import type { Network } from "./network.ts";
import type { Endpoint } from "../sandbox/sandbox.ts";

type Deps = Pick<NetworkContext, "events" | "registry">;

/** `connect` and `disconnect` of a container. */
export function emitNetworkEvent(
  { events, registry }: Deps,
  action: "connect" | "disconnect",
  endpoint: Endpoint,
  container: string,
): void {
  const network = registry.get(endpoint.networkId);
  if (network !== undefined) {
    events.emit({ type: "network", action, id: network.id, attributes: { container, name: network.name, type: network.driver } });
  }
}

/** `create` and `destroy` of a network. */
export function emitLifeEvent({ events }: Pick<Deps, "events">, action: "create" | "destroy", network: Network): void {
  events.emit({ type: "network", action, id: network.id, attributes: { name: network.name, type: network.driver } });
}
