import { EngineError } from "#errors/engine-error.ts";
import { connectedSandbox } from "./attach.ts";
import { joinEndpoint, leaveNetwork } from "./connect.ts";
import type { NetworkContext } from "../context.ts";
import { chooseGateway } from "./endpoint-plan.ts";
import { freeEndpoints } from "./endpoints.ts";
import { emitNetworkEvent } from "../record/network-events.ts";
import { removeRate } from "./rate.ts";
import { type Endpoint, publicationsOf, type Sandbox } from "./sandbox.ts";
import { withFiles } from "../name-files/sandbox-files.ts";

/**
 * Takes a running container off a network. When its way out led over it, the next network takes that over, published ports
 * included.
 *
 * @throws EngineError `not-found`, `conflict` when it is not on it or does not run, `invalid` for the host's network.
 */
export async function detach(context: NetworkContext, containerId: string, term: string): Promise<{ network: string }> {
  return await context.locks.run(containerId, async () => {
    const network = context.registry.find(term);
    const sandbox = connectedSandbox(context, containerId);
    const endpoint = sandbox.endpoints.find(({ networkId }) => networkId === network.id);
    if (endpoint === undefined) {
      throw new EngineError("conflict", `container ${containerId} is not connected to the network ${network.name}`);
    }
    if (network.driver === "host") {
      throw new EngineError("invalid", "cannot disconnect container from host network - container was created in host network mode");
    }
    await removeEndpoint(context, sandbox, endpoint);
    emitNetworkEvent(context, "disconnect", endpoint, containerId);
    return { network: network.name };
  });
}

async function removeEndpoint(context: NetworkContext, sandbox: Sandbox, endpoint: Endpoint): Promise<void> {
  const rest = await withFiles(context, without(context, sandbox, endpoint));
  const moves = rest.gatewayEndpoint !== sandbox.gatewayEndpoint;
  if (moves) await context.firewall.withdraw(publicationsOf(sandbox));
  if (endpoint.link !== undefined) {
    await leaveNetwork(context, sandbox, endpoint);
    await removeRate(context, sandbox, [endpoint.link]);
  }
  freeEndpoints(context, [endpoint]);
  context.sandboxes.save(rest);
  if (!moves) return;
  const gateway = rest.endpoints.find(({ id }) => id === rest.gatewayEndpoint);
  if (gateway !== undefined) await joinEndpoint(context, rest, gateway);
  await context.firewall.publish(publicationsOf(rest));
}

function without({ registry }: NetworkContext, sandbox: Sandbox, endpoint: Endpoint): Sandbox {
  const endpoints = sandbox.endpoints.filter((other) => other !== endpoint);
  if (sandbox.gatewayEndpoint !== endpoint.id) return { ...sandbox, endpoints };
  const ways = endpoints.flatMap(({ id, networkId, wishes }) => {
    const network = registry.get(networkId);
    return network === undefined ? [] : [{ id, network, wishes }];
  });
  return { ...sandbox, endpoints, gatewayEndpoint: chooseGateway(ways)?.id };
}
