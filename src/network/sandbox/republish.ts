import { EngineError } from "#errors/engine-error.ts";
import type { PortMap } from "#spec/docker-api/types.ts";
import { isMeant, type PortChange } from "#spec/network/port-change.ts";
import type { NetworkContext } from "../context.ts";
import { type PublishedPort, requestAgain } from "../published/port-allocator.ts";
import { planPorts, type PortRequest } from "../published/port-spec.ts";
import { connectedSandbox } from "./attach.ts";
import { bindingOf, publicationsOf, type Sandbox } from "./sandbox.ts";
import { hostIpsFor } from "./validate.ts";

/**
 * Publishes more ports of a running container, and some no longer, without a touch to the others. Connections that were made through a
 * port which goes are not cut: no new one comes in by it.
 *
 * @throws EngineError `invalid`, `conflict` when it does not run or has no port of its own, `exhausted` when a port is taken: then
 * everything is as it was.
 */
export async function republish(context: NetworkContext, containerId: string, change: PortChange): Promise<void> {
  await context.locks.run(containerId, async () => {
    const before = connectedSandbox(context, containerId);
    const requests = requestsFor(context, before, change.Add ?? {});
    const gone = portsMeant(before, change.Remove ?? {});
    // Made unreachable before the host's port is free for others.
    await context.firewall.withdraw(publicationsOf({ ...before, ports: gone }));
    context.ports.releaseSome(containerId, gone);
    try {
      const added = context.ports.reserve(containerId, requests);
      const after = withPorts(before, gone, added);
      context.sandboxes.save(after);
      await context.firewall.publish(publicationsOf({ ...after, ports: added }));
      // Without a connection to end, datagrams would go where they went for as long as they come.
      await forgetOldFlows(context, [...gone, ...added]);
    } catch (error) {
      await putBack(context, before, gone);
      throw error;
    }
  });
}

function requestsFor({ registry, options }: NetworkContext, sandbox: Sandbox, add: PortMap): readonly PortRequest[] {
  const gateway = sandbox.endpoints.find(({ id }) => id === sandbox.gatewayEndpoint);
  const network = gateway === undefined ? undefined : registry.get(gateway.networkId);
  if (network?.driver !== "bridge") {
    throw new EngineError("conflict", `container ${sandbox.containerId} is on no network that its ports could be published from`);
  }
  return planPorts({ exposedPorts: [], portBindings: add, publishAllPorts: false }, hostIpsFor(network, options.bridge, sandbox)).requests;
}

function portsMeant({ ports }: Sandbox, remove: PortMap): PublishedPort[] {
  return Object.entries(remove).flatMap(([key, bindings]) =>
    (bindings ?? [{}]).flatMap((binding) => {
      const meant = ports.filter((port) => port.key === key && isMeant(binding, bindingOf(port)));
      if (meant.length > 0) return meant;
      const where = [binding.HostIp, binding.HostPort].filter(Boolean).join(":");
      throw new EngineError("invalid", `port ${key} is not published${where === "" ? "" : ` on ${where}`}`);
    }),
  );
}

function withPorts(sandbox: Sandbox, gone: readonly PublishedPort[], added: readonly PublishedPort[]): Sandbox {
  const ports = [...sandbox.ports.filter((port) => !gone.includes(port)), ...added];
  const published = new Set(ports.map(({ key }) => key));
  const exposed = new Set([...sandbox.exposed, ...gone.map(({ key }) => key)]);
  return { ...sandbox, ports, exposed: [...exposed].filter((key) => !published.has(key)) };
}

/** What was added goes; what was to go is there again, unless somebody was quick to take it. */
async function putBack(context: NetworkContext, before: Sandbox, gone: readonly PublishedPort[]): Promise<void> {
  const now = context.sandboxes.get(before.containerId) ?? before;
  const added = now.ports.filter((port) => !before.ports.includes(port));
  await context.firewall.withdraw(publicationsOf({ ...now, ports: added }));
  context.ports.releaseSome(before.containerId, added);
  context.ports.reserve(before.containerId, gone.map(requestAgain));
  await context.firewall.publish(publicationsOf({ ...before, ports: gone }));
  context.sandboxes.save(before);
}

async function forgetOldFlows({ host }: NetworkContext, ports: readonly PublishedPort[]): Promise<void> {
  const udpPorts = ports.filter(({ protocol, hostPort }) => protocol === "udp" && hostPort !== 0).map(({ hostPort }) => hostPort);
  if (udpPorts.length > 0) await host.forgetConnections({ udpPorts });
}
