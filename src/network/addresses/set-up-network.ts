import { EngineError } from "#errors/engine-error.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { bridgeSettings } from "../record/bridge-settings.ts";
import { OPTION } from "../record/network-options.ts";
import type { NetworkContext } from "../context.ts";
import type { IpamWish, PoolWish } from "../wishes/ipam-wish.ts";
import { type Family, formatAddress, formatSubnet, overlaps, parseSubnet, type Subnet } from "./ip.ts";
import { allowIpv6Forwarding } from "./ipv6-forwarding.ts";
import { hasInterfaces, type Ipam, isPredefined, type Network, subnetsOf } from "../record/network.ts";
import { type AddressPoolOption, chooseSubnet, DEFAULT_BRIDGE_POOLS, NETWORK_POOLS, takenSubnets } from "./subnet-choice.ts";

type Deps = Pick<NetworkContext, "host" | "registry" | "drivers" | "options" | "logger">;

/** How often a subnet is chosen anew when another daemon turns out to have taken the same at the same time. */
const ATTEMPTS = 5;

/**
 * Gives a network its addresses, saves it, and makes what it is on the host.
 *
 * The choice is made from what the host has now, and looked at again once the network is there: two daemons that choose at once
 * would else share a subnet, and the packets of one would go to the other.
 *
 * @throws EngineError `forbidden` when the user's subnet overlaps another network's, `invalid` when the pools are used up.
 */
export async function setUpNetwork(deps: Deps, draft: Network, wish: IpamWish): Promise<Network> {
  // A configuration is a record and no more.
  if (!hasInterfaces(draft)) return await raise(deps, draft);
  const before = await deps.host.survey();
  const bridge = bridgeOf(deps, draft);
  if (draft.options[OPTION.bridgeName] !== undefined && !isPredefined(draft.name) && before.links.some(({ name }) => name === bridge)) {
    throw new EngineError("conflict", `the host has an interface named ${bridge} already`);
  }
  let survey = before;
  for (let attempt = 1; ; attempt++) {
    const random = attempt === 1 ? undefined : Math.random;
    const network = await raise(deps, { ...draft, ...ipamsOf(deps, draft, wish, { survey, random }) });
    if (!isChosenHere(network)) return network;
    survey = await deps.host.survey();
    if (attempt === ATTEMPTS || collisionOf(deps, survey, network) === undefined) return network;
    await deps.drivers[network.driver].down(network);
  }
}

/** A subnet that Dhow chose and that something else of the host lays claim to. */
export function collisionOf(deps: Pick<Deps, "options">, survey: HostSurvey, network: Network): Subnet | undefined {
  const taken = takenSubnets(survey, bridgeOf(deps, network));
  const own = subnetsOf(network).map(({ subnet }) => subnetIn(subnet));
  return taken.find((other) => own.some((subnet) => overlaps(subnet, other)));
}

/** Whether nothing of its addresses is the user's word. */
export function isChosenHere(network: Pick<Network, "ipam" | "ipam6" | "more">): boolean {
  return subnetsOf(network).every(({ chosenBy }) => chosenBy !== "user");
}

/** The interface whose routes and addresses are the network's own. */
function bridgeOf({ options }: Pick<Deps, "options">, network: Network): string | undefined {
  return network.driver === "bridge" ? bridgeSettings(network, options.bridge).bridge : undefined;
}

/** The record comes first: a daemon killed in between finds what to take away. */
async function raise(deps: Deps, network: Network): Promise<Network> {
  const known = deps.registry.get(network.id);
  deps.registry.save(network);
  try {
    if (network.ipam6 !== undefined && network.driver === "bridge") await allowIpv6Forwarding(deps);
    await deps.drivers[network.driver].up(network);
    return network;
  } catch (error) {
    if (known === undefined) deps.registry.remove(network.id);
    throw error;
  }
}

interface Choice {
  readonly survey: HostSurvey;
  readonly random: (() => number) | undefined;
}

function ipamsOf(deps: Deps, draft: Network, wish: IpamWish, choice: Choice): Pick<Network, "ipam" | "ipam6" | "more"> {
  const one = (family: Family, wanted: PoolWish | undefined): Ipam | undefined => {
    if (wanted === undefined) return undefined;
    const { subnet: text } = wanted;
    const subnet = text === undefined ? freeSubnet(deps, draft, family, choice) : chosenByUser(deps, draft, text);
    return ipamOf(subnet, wanted, !isIsolated(deps, draft, subnet.family));
  };
  const more = wish.more.flatMap((wanted) => one(4, wanted) ?? []);
  return { ipam: one(4, wish.ipv4), ipam6: one(6, wish.ipv6), ...(more.length === 0 ? {} : { more }) };
}

function isIsolated({ options }: Deps, draft: Network, family: Family): boolean {
  if (draft.driver !== "bridge") return false;
  const { mode4, mode6 } = bridgeSettings(draft, options.bridge);
  return (family === 4 ? mode4 : mode6) === "isolated";
}

function chosenByUser({ registry }: Deps, draft: Network, text: string): Subnet {
  const subnet = subnetIn(text);
  if (subnetsOfOthers(registry.all(), draft).some((other) => overlaps(other, subnet))) {
    throw new EngineError("forbidden", "invalid pool request: Pool overlaps with other one on this address space");
  }
  return subnet;
}

function freeSubnet(deps: Deps, draft: Network, family: Family, { survey, random }: Choice): Subnet {
  const { registry, options } = deps;
  const taken = [...takenSubnets(survey, bridgeOf(deps, draft)), ...subnetsOfOthers(registry.all(), draft)];
  const subnet = chooseSubnet(poolsFor(draft, family, options), taken, { family, random });
  if (subnet !== undefined) return subnet;
  throw new EngineError("invalid", `all predefined address pools have been fully subnetted (IPv${family}: see default-address-pools)`);
}

/** Pools of the administrator's that are of one family say nothing about the other. */
function poolsFor(draft: Network, family: Family, { addressPools, uniqueLocal }: Deps["options"]): readonly AddressPoolOption[] {
  const configured = (addressPools ?? []).filter(({ base }) => parseSubnet(base)?.family === family);
  if (configured.length > 0) return configured;
  if (family === 6) return [uniqueLocal()];
  return isPredefined(draft.name) ? DEFAULT_BRIDGE_POOLS : NETWORK_POOLS;
}

function subnetsOfOthers(networks: readonly Network[], draft: Network): Subnet[] {
  return networks.flatMap((network) => (network.id === draft.id ? [] : subnetsOf(network).map(({ subnet }) => subnetIn(subnet))));
}

/** The gateway, where there is one, has the first address of what is given out, unless the user says otherwise. */
function ipamOf(subnet: Subnet, wish: PoolWish, hasGateway: boolean): Ipam {
  const { family, base } = subnet;
  const range = wish.range === undefined ? undefined : subnetIn(wish.range);
  const first = range === undefined || range.base <= base ? base + 1n : range.base;
  return {
    subnet: formatSubnet(subnet),
    gateway: wish.gateway ?? (hasGateway ? formatAddress({ family, value: first }) : undefined),
    range: wish.range,
    auxiliary: wish.auxiliary,
    chosenBy: wish.subnet === undefined ? "pool" : "user",
  };
}

function subnetIn(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new EngineError("system", `${text} is not a subnet`);
  return subnet;
}
