import { messageOf } from "#errors/engine-error.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { formatAddress, formatSubnet, parseCidr, subnetAt } from "../addresses/ip.ts";
import { allowIpv6Forwarding } from "../addresses/ipv6-forwarding.ts";
import { collisionOf, isChosenHere, setUpNetwork } from "../addresses/set-up-network.ts";
import type { NetworkContext } from "../context.ts";
import { defaultBridgeOptions } from "../record/bridge-settings.ts";
import { type DriverName, hasInterfaces, type Ipam, isPredefined, type Network, newId } from "../record/network.ts";
import { type IpamWish, OPEN, type PoolWish } from "../wishes/ipam-wish.ts";

/** Makes sure that the predefined networks are there and that every network has what it is on the host, on subnets that are free. */
export async function restoreNetworks(context: NetworkContext, survey: HostSurvey): Promise<void> {
  for (const [name, driver] of [
    ["host", "host"],
    ["none", "null"],
  ] as const) {
    if (context.registry.named(name) === undefined) context.registry.save(predefined(name, driver));
  }
  await restoreDefaultBridge(context, survey);
  for (const network of context.registry.all()) {
    if (hasInterfaces(network) && !isPredefined(network.name)) await restoreNetwork(context, survey, network, wishAgain(network));
  }
}

function predefined(name: string, driver: DriverName): Network {
  const created = new Date().toISOString();
  return { id: newId(), name, driver, created, internal: false, attachable: false, labels: {}, options: {}, ipam: undefined };
}

/** Its id and address stay; its options are the daemon's configuration of today. */
async function restoreDefaultBridge(context: NetworkContext, survey: HostSurvey): Promise<void> {
  const known = context.registry.named("bridge");
  const network = { ...(known ?? predefined("bridge", "bridge")), options: defaultBridgeOptions(context.options.bridge) };
  const wish: IpamWish = { ipv4: wishOf(context.options.bip), ipv6: wishOf6(context.options.bridgeIpv6), more: [] };
  const asBefore = known !== undefined && agrees(known.ipam, wish.ipv4) && agrees(known.ipam6, wish.ipv6);
  if (asBefore) await restoreNetwork(context, survey, network, wish);
  else if (known !== undefined && isBusy(context, known)) {
    context.logger.warn({ bip: context.options.bip }, "the default bridge keeps its old address: running containers are on it");
    await context.drivers.bridge.up(network);
  } else await move(context, network, wish);
}

function wishOf(bip: string | undefined): PoolWish {
  const cidr = parseCidr(bip ?? "");
  if (cidr === undefined) return OPEN;
  return { ...OPEN, subnet: formatSubnet(subnetAt(cidr.address, cidr.prefixLength)), gateway: formatAddress(cidr.address) };
}

function wishOf6(wanted: NetworkContext["options"]["bridgeIpv6"]): PoolWish | undefined {
  return wanted === undefined ? undefined : { ...OPEN, ...wanted };
}

function agrees(ipam: Ipam | undefined, wish: PoolWish | undefined): boolean {
  if (ipam === undefined || wish === undefined) return ipam === undefined && wish === undefined;
  if (wish.subnet === undefined) return ipam.chosenBy === "pool";
  return ipam.subnet === wish.subnet && (wish.gateway === undefined || ipam.gateway === wish.gateway);
}

/** What a network was made with, for one that gets other addresses. */
function wishAgain({ ipam, ipam6 }: Network): IpamWish {
  return { ipv4: ipam === undefined ? undefined : OPEN, ipv6: ipam6 === undefined ? undefined : OPEN, more: [] };
}

/**
 * A subnet that Dhow chose and that the host has come to use otherwise (a VPN, another network) is changed while nobody is on it;
 * then and in every other case it is said.
 */
async function restoreNetwork(context: NetworkContext, survey: HostSurvey, network: Network, wish: IpamWish): Promise<void> {
  // A network on the host's own interface is in the host's subnet, as its user wants it.
  const collision = network.driver === "bridge" ? collisionOf(context, survey, network) : undefined;
  const idle = !isBusy(context, network);
  if (collision !== undefined) {
    const moves = idle && isChosenHere(network);
    const outcome = moves ? "it gets another" : "it is left as it is";
    context.logger.warn(
      { network: network.name, subnet: network.ipam?.subnet, other: formatSubnet(collision) },
      `a network's subnet is in use on the host; ${outcome}`,
    );
    if (moves) return await move(context, network, wish);
  }
  context.registry.save(network);
  try {
    if (network.ipam6 !== undefined && network.driver === "bridge") await allowIpv6Forwarding(context);
    await context.drivers[network.driver].up(network);
  } catch (error) {
    context.logger.error({ network: network.name, error: messageOf(error) }, "what a network is on the host cannot be made");
  }
}

function isBusy({ sandboxes }: NetworkContext, network: Network): boolean {
  return sandboxes.endpointsOn(network.id).length > 0;
}

async function move(context: NetworkContext, network: Network, wish: IpamWish): Promise<void> {
  await context.drivers.bridge.down(network);
  await setUpNetwork(context, { ...network, ipam: undefined, ipam6: undefined }, wish);
}
