import { EngineError } from "#errors/engine-error.ts";
import type { NetworkContext } from "../context.ts";
import { emitNetworkEvent } from "../record/network-events.ts";
import { limitLink } from "./rate.ts";
import { type Endpoint, publicationsOf, type Sandbox } from "./sandbox.ts";

/** Makes the interfaces and publishes the ports. Idempotent. */
export async function connect(context: NetworkContext, containerId: string): Promise<void> {
  await context.locks.run(containerId, async () => {
    const sandbox = context.sandboxes.get(containerId);
    if (sandbox === undefined) throw new EngineError("system", `container ${containerId} has no network to connect`);
    if (sandbox.phase === "connected") return;
    const joined = sandbox.endpoints.map((endpoint) => joinEndpoint(context, sandbox, endpoint));
    await Promise.all([...joined, publish(context, sandbox), context.names.opened(sandbox)]);
    context.sandboxes.save({ ...sandbox, phase: "connected" });
    for (const endpoint of sandbox.endpoints) emitNetworkEvent(context, "connect", endpoint, containerId);
  });
}

type JoinDeps = Pick<NetworkContext, "registry" | "drivers" | "host">;

/** Makes an endpoint's interface, where its driver makes one. */
export async function joinEndpoint(deps: JoinDeps, sandbox: Sandbox, endpoint: Endpoint): Promise<void> {
  const { registry, drivers } = deps;
  const network = registry.get(endpoint.networkId);
  if (network === undefined || endpoint.link === undefined || sandbox.netns === undefined) return;
  await drivers[network.driver].join(network, endpoint.link, sandbox.netns, { defaultRoute: endpoint.id === sandbox.gatewayEndpoint });
  if (sandbox.rate !== undefined) await limitLink(deps, endpoint.link, sandbox.rate);
}

/** Takes an endpoint's interface out of the container, which goes on or is about to end. */
export async function leaveNetwork(
  { registry, drivers }: Pick<NetworkContext, "registry" | "drivers">,
  sandbox: Sandbox,
  { networkId, link }: Endpoint,
): Promise<void> {
  const network = registry.get(networkId);
  if (network !== undefined && link !== undefined && sandbox.netns !== undefined) {
    await drivers[network.driver].leave(link, sandbox.netns);
  }
}

async function publish({ firewall, host }: Pick<NetworkContext, "firewall" | "host">, sandbox: Sandbox): Promise<void> {
  const publications = publicationsOf(sandbox);
  // With nothing to add, a look whether the rules that keep neighbours out are still there.
  if (publications.length === 0) return void (await firewall.verify());
  await firewall.publish(publications);
  const udpPorts = publications.filter(({ protocol, hostPort }) => protocol === "udp" && hostPort !== 0).map(({ hostPort }) => hostPort);
  if (udpPorts.length > 0) await host.forgetConnections({ udpPorts });
}
