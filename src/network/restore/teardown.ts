import type { NetworkContext } from "../context.ts";
import { releaseLocked } from "../sandbox/release.ts";

/** Leaves nothing of the instance on the host. The networks' records stay for the next start; IPv4 forwarding stays as it is. */
export async function teardown(context: NetworkContext): Promise<void> {
  for (const { containerId } of context.sandboxes.all()) await context.locks.run(containerId, () => releaseLocked(context, containerId));
  await context.names.closeAll();
  await context.departures.all();
  for (const network of context.registry.all()) await context.drivers[network.driver].down(network);
  await context.firewall.remove();
  context.ports.releaseAll();
}
