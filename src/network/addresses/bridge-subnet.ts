import { EngineError } from "#errors/engine-error.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { bridgeSettings, BRIDGE_NAME } from "../record/bridge-settings.ts";
import type { NetworkContext } from "../context.ts";
import type { IpamWish } from "../create-body.ts";
import { formatAddress, formatSubnet, overlaps, parseCidr, type Subnet, subnetAt } from "./ipv4.ts";
import { type Ipam, isPredefined, type Network } from "../record/network.ts";
import { type AddressPoolOption, chooseSubnet, DEFAULT_BRIDGE_POOLS, NETWORK_POOLS, takenSubnets } from "./subnet-choice.ts";

type Deps = Pick<NetworkContext, "host" | "registry" | "drivers" | "options">;

/** How often a subnet is chosen anew when another daemon turns out to have taken the same at the same time. */
const ATTEMPTS = 5;

/**
 * Gives a bridge network its addresses, saves it, and makes its bridge.
 *
 * The choice is made from what the host has now, and looked at again once the bridge is there: two daemons that choose at once
 * would else share a subnet, and the packets of one would go to the other.
 *
 * @throws EngineError `forbidden` when the user's subnet overlaps another network's, `invalid` when the pools are used up.
 */
export async function setUpBridge(deps: Deps, draft: Network, wish: IpamWish): Promise<Network> {
  const bridge = bridgeSettings(draft, deps.options.bridge).bridge;
  const before = await deps.host.survey();
  if (draft.options[BRIDGE_NAME] !== undefined && !isPredefined(draft.name) && before.links.some(({ name }) => name === bridge)) {
    throw new EngineError("conflict", `the host has an interface named ${bridge} already`);
  }
  if (wish.subnet !== undefined) return await raise(deps, { ...draft, ipam: chosenByUser(deps, draft, wish, wish.subnet) });
  let survey = before;
  for (let attempt = 1; ; attempt++) {
    const subnet = freeSubnet(deps, draft, survey, attempt === 1 ? undefined : Math.random);
    const network = await raise(deps, { ...draft, ipam: ipamOf(subnet, wish, "pool") });
    survey = await deps.host.survey();
    if (attempt === ATTEMPTS || !takenSubnets(survey, bridge).some((other) => overlaps(other, subnet))) return network;
    await deps.drivers.bridge.down(network);
  }
}

/** The record comes first: a daemon killed in between finds what to take away. */
async function raise({ registry, drivers }: Deps, network: Network): Promise<Network> {
  const known = registry.get(network.id);
  registry.save(network);
  try {
    await drivers.bridge.up(network);
    return network;
  } catch (error) {
    if (known === undefined) registry.remove(network.id);
    throw error;
  }
}

function chosenByUser({ registry }: Deps, draft: Network, wish: IpamWish, text: string): Ipam {
  const subnet = subnetIn(text);
  if (subnetsOfOthers(registry.all(), draft).some((other) => overlaps(other, subnet))) {
    throw new EngineError("forbidden", "invalid pool request: Pool overlaps with other one on this address space");
  }
  return ipamOf(subnet, wish, "user");
}

function freeSubnet({ registry, options }: Deps, draft: Network, survey: HostSurvey, random: (() => number) | undefined): Subnet {
  const taken = [...takenSubnets(survey, bridgeSettings(draft, options.bridge).bridge), ...subnetsOfOthers(registry.all(), draft)];
  const subnet = chooseSubnet(poolsFor(draft, options.addressPools), taken, random);
  if (subnet !== undefined) return subnet;
  throw new EngineError("invalid", "all predefined address pools have been fully subnetted");
}

function poolsFor(draft: Network, configured: readonly AddressPoolOption[] | undefined): readonly AddressPoolOption[] {
  return configured ?? (isPredefined(draft.name) ? DEFAULT_BRIDGE_POOLS : NETWORK_POOLS);
}

function subnetsOfOthers(networks: readonly Network[], draft: Network): Subnet[] {
  return networks.flatMap(({ id, ipam }) => (ipam === undefined || id === draft.id ? [] : subnetIn(ipam.subnet)));
}

/** The gateway has the first address of what is given out, unless the user says otherwise. */
function ipamOf(subnet: Subnet, wish: IpamWish, chosenBy: Ipam["chosenBy"]): Ipam {
  const first = wish.range === undefined ? subnet.base + 1 : Math.max(subnet.base + 1, subnetIn(wish.range).base);
  return {
    subnet: formatSubnet(subnet),
    gateway: wish.gateway ?? formatAddress(first),
    range: wish.range,
    auxiliary: wish.auxiliary,
    chosenBy,
  };
}

function subnetIn(text: string): Subnet {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new EngineError("system", `${text} is not a subnet`);
  return subnetAt(cidr.address, cidr.prefixLength);
}
