import { messageOf } from "#errors/engine-error.ts";
import type { NetworkContext } from "../context.ts";
import type { Network } from "../record/network.ts";
import { joinEndpoint } from "../sandbox/connect.ts";
import type { Endpoint, Sandbox } from "../sandbox/sandbox.ts";

type Deps = Pick<NetworkContext, "host" | "registry" | "sandboxes" | "drivers" | "locks" | "logger">;

/** Names, and the bridge that each is a port of. */
type Interfaces = ReadonlyMap<string, string | undefined>;

/**
 * Makes interfaces anew that are not there any more: what a network is on the host, with everybody who is on it, and those of running
 * containers. Addresses, ports and names stay as they are; connections go on where the other side is patient.
 */
export async function repairLinks(deps: Deps): Promise<void> {
  const present = await deps.host.interfaces();
  const lost = new Set<string>();
  for (const network of deps.registry.all()) if (isLost(deps, network, present) && (await raiseAgain(deps, network))) lost.add(network.id);
  for (const { containerId, endpoints } of deps.sandboxes.all()) {
    if (endpoints.some((endpoint) => needsRepair(endpoint, present, lost))) await repairSandbox(deps, containerId, present, lost);
  }
}

function isLost({ drivers }: Deps, network: Network, present: Interfaces): boolean {
  const name = drivers[network.driver].linkOf(network);
  return name !== undefined && !present.has(name);
}

/** With the lock that creating and removing take; @returns whether it is there again. */
async function raiseAgain(deps: Deps, { id, name }: Network): Promise<boolean> {
  const { registry, drivers, locks, logger, host } = deps;
  return await locks.run("networks", async () => {
    const network = registry.get(id);
    // It was about to come, or to go.
    if (network === undefined || !isLost(deps, network, await host.interfaces())) return false;
    logger.warn({ network: name, interface: drivers[network.driver].linkOf(network) }, "a network's interface was gone; making it anew");
    try {
      await drivers[network.driver].up(network);
      return true;
    } catch (error) {
      logger.error({ network: name, error: messageOf(error) }, "what a network is on the host cannot be made");
      return false;
    }
  });
}

/**
 * One that is inside alone is not seen from here: it went with the one that it shared. One whose bridge was made anew is no port of any;
 * who made it another bridge's meant that.
 */
function needsRepair({ networkId, link }: Endpoint, present: Interfaces, lost: ReadonlySet<string>): boolean {
  if (link === undefined) return false;
  if (link.hostName === undefined) return lost.has(networkId);
  return present.get(link.hostName) === undefined;
}

async function repairSandbox(deps: Deps, containerId: string, present: Interfaces, lost: ReadonlySet<string>): Promise<void> {
  await deps.locks.run(containerId, async () => {
    // As it is now that the lock is had: it may have left, or not come yet.
    const sandbox = deps.sandboxes.get(containerId);
    if (sandbox?.phase !== "connected") return;
    const now = await deps.host.interfaces();
    const broken = sandbox.endpoints.filter((endpoint) => needsRepair(endpoint, present, lost) && needsRepair(endpoint, now, lost));
    if (broken.length > 0) await rejoin(deps, sandbox, broken);
  });
}

async function rejoin(deps: Deps, sandbox: Sandbox, broken: readonly Endpoint[]): Promise<void> {
  const networks = broken.map(({ network }) => network);
  deps.logger.warn({ container: sandbox.containerId, networks }, "a container's interface was gone or cut off; joining it anew");
  for (const endpoint of broken) {
    await joinEndpoint(deps, sandbox, endpoint).catch((error: unknown) => {
      deps.logger.error({ container: sandbox.containerId, network: endpoint.network, error: messageOf(error) }, "it cannot be joined");
    });
  }
}
