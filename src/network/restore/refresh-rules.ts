import type { NetworkContext } from "../context.ts";

/** Tells the packet filter which networks there are now. */
export async function refreshRules({
  registry,
  drivers,
  firewall,
}: Pick<NetworkContext, "registry" | "drivers" | "firewall">): Promise<void> {
  await firewall.setBridges(registry.all().flatMap((network) => drivers[network.driver].rules(network) ?? []));
}
