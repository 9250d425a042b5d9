import { messageOf } from "#errors/engine-error.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { joinEndpoint } from "../sandbox/connect.ts";
import type { NetworkContext } from "../context.ts";
import { requestAgain } from "../published/port-allocator.ts";
import { restoreNetworks } from "./restore-networks.ts";
import { removeLeftovers } from "./leftovers.ts";
import { refreshRules } from "./refresh-rules.ts";
import { reviveRate } from "../sandbox/rate.ts";
import { depart } from "../sandbox/release.ts";
import { publicationsOf, type Sandbox } from "../sandbox/sandbox.ts";

/**
 * At daemon start: takes up what an earlier daemon left. Running containers keep their addresses, ports and connections; what
 * belongs to nobody any more is taken away; networks and rules are brought back into shape.
 */
export async function restore(context: NetworkContext, running: ReadonlySet<string>): Promise<void> {
  const survey = await context.host.survey();
  await allowForwarding(context, survey);
  const saved = context.sandboxes.saved();
  const lives = (sandbox: Sandbox): boolean => sandbox.phase !== "leaving" && running.has(sandbox.containerId);
  const [kept, gone] = [saved.filter(lives), saved.filter((sandbox) => !lives(sandbox))];
  for (const sandbox of kept) context.sandboxes.adopt(sandbox);
  for (const sandbox of gone) context.sandboxes.leave(sandbox);
  await restoreNetworks(context, survey);
  // Those of the dead too: nobody else gets their addresses before the kernel has let go of them.
  for (const sandbox of saved) adoptLinks(context, sandbox);
  for (const sandbox of kept) adoptPorts(context, sandbox);
  for (const sandbox of gone) context.departures.begin(sandbox.containerId, async () => await depart(context, sandbox));
  await removeLeftovers(context, survey);
  context.firewall.note(kept.flatMap(publicationsOf));
  await refreshRules(context);
  await context.names.start();
  await Promise.all(kept.map((sandbox) => finishConnecting(context, sandbox)));
}

/** Packets between a container and the world are forwarded by the host: a switch of the whole host, so it is said when it is turned. */
async function allowForwarding({ host, logger, options }: NetworkContext, survey: HostSurvey): Promise<void> {
  if (survey.forwarding) return;
  if (!options.ipForward) {
    logger.warn({ sysctl: "net.ipv4.ip_forward" }, "IPv4 forwarding is off and not ours to turn on: containers will not reach other hosts");
    return;
  }
  await host.writeSysctls({ "net/ipv4/ip_forward": "1" });
  logger.info({ sysctl: "net.ipv4.ip_forward" }, "IPv4 forwarding was off; turned on, and left on when the daemon stops");
}

function adoptLinks({ registry, drivers }: NetworkContext, sandbox: Sandbox): void {
  for (const { networkId, link } of sandbox.endpoints) {
    const network = registry.get(networkId);
    if (network !== undefined && link !== undefined) drivers[network.driver].adopt(network, link);
  }
}

function adoptPorts({ ports, logger }: NetworkContext, sandbox: Sandbox): void {
  for (const request of sandbox.ports.map(requestAgain)) {
    try {
      ports.reserve(sandbox.containerId, [request]);
    } catch (error) {
      // While no daemon held it somebody else took it. The container's rule comes first all the same, as it did before.
      logger.warn({ container: sandbox.containerId, error: messageOf(error) }, "a running container's port is held by another process");
    }
  }
}

/** Its name server is a new one in any case; the rest is for a daemon that was killed between a container's start and its connection. */
async function finishConnecting(context: NetworkContext, sandbox: Sandbox): Promise<void> {
  context.names.begin(sandbox);
  // A failure has been said: the container goes on, as it did without a daemon.
  await context.names.opened(sandbox).catch(() => {});
  try {
    if (sandbox.phase === "connected") return await reviveRate(context, sandbox);
    await Promise.all(sandbox.endpoints.map((endpoint) => joinEndpoint(context, sandbox, endpoint)));
    context.sandboxes.save({ ...sandbox, phase: "connected" });
  } catch (error) {
    context.logger.error({ container: sandbox.containerId, error: messageOf(error) }, "a running container could not be connected");
  }
}
