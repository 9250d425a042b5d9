import { messageOf } from "#errors/engine-error.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { bridgeSettings, defaultBridgeOptions } from "../record/bridge-settings.ts";
import { setUpBridge } from "../addresses/bridge-subnet.ts";
import type { NetworkContext } from "../context.ts";
import type { IpamWish } from "../create-body.ts";
import { formatAddress, formatSubnet, overlaps, parseCidr, subnetAt } from "../addresses/ipv4.ts";
import { type DriverName, type Ipam, type Network, newId } from "../record/network.ts";
import { takenSubnets } from "../addresses/subnet-choice.ts";

const NO_WISH: IpamWish = { subnet: undefined, gateway: undefined, range: undefined, auxiliary: {} };

/** Makes sure that the predefined networks are there and that every bridge network has its bridge, on a subnet that is free. */
export async function restoreNetworks(context: NetworkContext, survey: HostSurvey): Promise<void> {
  for (const [name, driver] of [
    ["host", "host"],
    ["none", "null"],
  ] as const) {
    if (context.registry.named(name) === undefined) context.registry.save(predefined(name, driver));
  }
  await restoreDefaultBridge(context, survey);
  for (const network of context.registry.all()) {
    if (network.driver === "bridge" && network.name !== "bridge") await restoreBridge(context, survey, network);
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
  const wish = wishOf(context.options.bip);
  if (known !== undefined && agrees(known.ipam, wish)) await restoreBridge(context, survey, network, wish);
  else if (known !== undefined && isBusy(context, known)) {
    context.logger.warn({ bip: context.options.bip }, "the default bridge keeps its old address: running containers are on it");
    await context.drivers.bridge.up(network);
  } else await move(context, network, wish);
}

function wishOf(bip: string | undefined): IpamWish {
  const cidr = parseCidr(bip ?? "");
  if (cidr === undefined) return NO_WISH;
  return { ...NO_WISH, subnet: formatSubnet(subnetAt(cidr.address, cidr.prefixLength)), gateway: formatAddress(cidr.address) };
}

function agrees(ipam: Ipam | undefined, wish: IpamWish): boolean {
  if (wish.subnet === undefined) return ipam?.chosenBy === "pool";
  return ipam?.subnet === wish.subnet && ipam.gateway === wish.gateway;
}

/**
 * A subnet that Dhow chose and that the host has come to use otherwise (a VPN, another network) is changed while nobody is on it;
 * then and in every other case it is said.
 */
async function restoreBridge(context: NetworkContext, survey: HostSurvey, network: Network, wish = NO_WISH): Promise<void> {
  const collision = collisionOf(context, survey, network);
  const idle = !isBusy(context, network);
  if (collision !== undefined) {
    const moves = idle && network.ipam?.chosenBy === "pool";
    const outcome = moves ? "it gets another" : "it is left as it is";
    context.logger.warn(
      { network: network.name, subnet: network.ipam?.subnet, other: collision },
      `a network's subnet is in use on the host; ${outcome}`,
    );
    if (moves) return await move(context, network, wish);
  }
  context.registry.save(network);
  try {
    await context.drivers.bridge.up(network);
  } catch (error) {
    context.logger.error({ network: network.name, error: messageOf(error) }, "a network's bridge cannot be made");
  }
}

function collisionOf({ options }: NetworkContext, survey: HostSurvey, network: Network): string | undefined {
  const cidr = parseCidr(network.ipam?.subnet ?? "");
  if (cidr === undefined) return undefined;
  const subnet = subnetAt(cidr.address, cidr.prefixLength);
  const taken = takenSubnets(survey, bridgeSettings(network, options.bridge).bridge);
  const other = taken.find((one) => overlaps(one, subnet));
  return other === undefined ? undefined : formatSubnet(other);
}

function isBusy({ sandboxes }: NetworkContext, network: Network): boolean {
  return sandboxes.endpointsOn(network.id).length > 0;
}

async function move(context: NetworkContext, network: Network, wish: IpamWish): Promise<void> {
  await context.drivers.bridge.down(network);
  await setUpBridge(context, { ...network, ipam: undefined }, wish);
}
