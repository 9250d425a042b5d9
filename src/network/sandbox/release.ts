import type { NetworkContext } from "../context.ts";
import { freeEndpoints } from "./endpoints.ts";
import { emitNetworkEvent } from "../record/network-events.ts";
import { linksOf, removeRate } from "./rate.ts";
import { leaveNetwork } from "./connect.ts";
import { addressesOf, publicationsOf, type Sandbox } from "./sandbox.ts";

/**
 * Gives a container's network back. When it returns, nothing is published and the host's ports are free; interfaces and addresses
 * follow within some 40 ms, and a start of the same container does not wait for them.
 */
export async function release(context: NetworkContext, containerId: string): Promise<void> {
  await context.locks.run(containerId, async () => await releaseLocked(context, containerId));
}

/** For verbs that hold the container's lock already. */
export async function releaseLocked(context: NetworkContext, containerId: string): Promise<void> {
  const sandbox = context.sandboxes.get(containerId);
  if (sandbox === undefined) return;
  // A port is freed only when no rule leads from it to this container any more.
  await context.firewall.withdraw(publicationsOf(sandbox));
  context.ports.release(containerId);
  context.sandboxes.leave(sandbox);
  context.names.close(sandbox);
  if (sandbox.phase === "connected")
    sandbox.endpoints.forEach((endpoint) => emitNetworkEvent(context, "disconnect", endpoint, containerId));
  context.departures.begin(containerId, async () => await depart(context, sandbox));
}

/** Takes the namespace away, and frees the addresses when the kernel has let go of the interfaces. */
export async function depart(context: NetworkContext, sandbox: Sandbox): Promise<void> {
  // Nothing outside tells when such an interface is gone, and its address on the wire is free.
  for (const endpoint of sandbox.endpoints) if (endpoint.link?.hostName === undefined) await leaveNetwork(context, sandbox, endpoint);
  if (sandbox.netns !== undefined) await context.host.removeNamespace(sandbox.netns);
  await removeRate(context, sandbox, linksOf(sandbox));
  await context.drain.gone(sandbox.endpoints.flatMap(({ link }) => link?.hostName ?? []));
  if (sandbox.ports.some(({ protocol }) => protocol === "udp")) {
    await context.host.forgetConnections({ addresses: linksOf(sandbox).flatMap(addressesOf) });
  }
  freeEndpoints(context, sandbox.endpoints);
  context.sandboxes.forget(sandbox);
}
