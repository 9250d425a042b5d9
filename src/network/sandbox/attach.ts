import { EngineError } from "#errors/engine-error.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { joinEndpoint } from "./connect.ts";
import type { NetworkContext } from "../context.ts";
import { planEndpoint, type PlannedEndpoint, withoutIpv6 } from "./endpoint-plan.ts";
import { freeEndpoints, reserveEndpoints } from "./endpoints.ts";
import { hasInterfaces, type Network } from "../record/network.ts";
import { emitNetworkEvent } from "../record/network-events.ts";
import { type Endpoint, type Sandbox, settingsOf } from "./sandbox.ts";
import { withFiles } from "../name-files/sandbox-files.ts";

/**
 * Puts a running container on one more network. Its default route and published ports stay where they are.
 *
 * @returns the endpoint as inspect shows it.
 * @throws EngineError `not-found`, `forbidden` when it is there already, `conflict` when the container does not run, `invalid` when
 * its network is none or the host's.
 */
export async function attach(
  context: NetworkContext,
  containerId: string,
  term: string,
  settings: EndpointSettings,
): Promise<{ network: string; endpoint: EndpointSettings }> {
  return await context.locks.run(containerId, async () => {
    const sandbox = connectedSandbox(context, containerId);
    const network = context.registry.find(term);
    const wanted = planEndpoint(network, settings);
    const plan = sandbox.refusesIpv6 === true ? withoutIpv6(wanted) : wanted;
    refuseAttach(context, sandbox, network);
    const endpoint = await addEndpoint(context, sandbox, plan);
    emitNetworkEvent(context, "connect", endpoint, containerId);
    return { network: network.name, endpoint: settingsOf(endpoint) };
  });
}

/** @throws EngineError `conflict`. */
export function connectedSandbox({ sandboxes }: Pick<NetworkContext, "sandboxes">, containerId: string): Sandbox {
  const sandbox = sandboxes.get(containerId);
  if (sandbox?.phase === "connected") return sandbox;
  throw new EngineError("conflict", `container ${containerId} is not running`);
}

function refuseAttach({ registry }: NetworkContext, sandbox: Sandbox, network: Network): void {
  if (sandbox.endpoints.some(({ networkId }) => networkId === network.id)) {
    throw new EngineError("forbidden", `endpoint with name ${sandbox.containerName} already exists in network ${network.name}`);
  }
  const bare = sandbox.endpoints.find(({ networkId }) => isBare(registry.get(networkId)));
  if (bare === undefined && !isBare(network)) return;
  throw new EngineError(
    "invalid",
    `container cannot be connected to multiple networks with one of the networks in ${bare?.network ?? network.name} mode`,
  );
}

function isBare(network: Network | undefined): boolean {
  return network === undefined || !hasInterfaces(network);
}

async function addEndpoint(context: NetworkContext, sandbox: Sandbox, plan: PlannedEndpoint): Promise<Endpoint> {
  const taken = sandbox.endpoints.flatMap(({ link }) => link?.name ?? []);
  const [endpoint] = await reserveEndpoints(context, [plan], taken);
  if (endpoint === undefined) throw new EngineError("system", "no endpoint was made");
  // A container whose networks were all internal gets its way out with this one.
  const gatewayEndpoint = sandbox.gatewayEndpoint ?? (plan.network.internal ? undefined : endpoint.id);
  const extended = await withFiles(context, { ...sandbox, endpoints: [...sandbox.endpoints, endpoint], gatewayEndpoint });
  context.sandboxes.save(extended);
  context.names.begin(extended);
  try {
    await Promise.all([joinEndpoint(context, extended, endpoint), context.names.opened(extended)]);
    return endpoint;
  } catch (error) {
    context.sandboxes.save(sandbox);
    if (!sandbox.names.embedded) context.names.close(sandbox);
    freeEndpoints(context, [endpoint]);
    throw error;
  }
}
