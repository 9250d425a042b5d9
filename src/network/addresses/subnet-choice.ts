import { createHash } from "node:crypto";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { type Family, lastOf, overlaps, parseAddress, parseSubnet, sizeOf, type Subnet, subnetAt } from "./ip.ts";

/** A range of addresses that subnets of one size are cut from (daemon.json `default-address-pools`). */
export interface AddressPoolOption {
  readonly base: string;
  readonly size: number;
}

/**
 * Small subnets from large ranges: 20,000 networks where Docker's defaults end at 31. The default bridge is larger, since
 * everything without a network of its own lands there, and takes Docker's own 172.17.0.0/16 where that is free.
 */
export const NETWORK_POOLS: readonly AddressPoolOption[] = [
  { base: "172.16.0.0/12", size: 24 },
  { base: "192.168.0.0/16", size: 24 },
  { base: "10.192.0.0/10", size: 24 },
];
export const DEFAULT_BRIDGE_POOLS: readonly AddressPoolOption[] = [
  { base: "172.17.0.0/16", size: 16 },
  { base: "172.18.0.0/15", size: 16 },
  { base: "172.20.0.0/14", size: 16 },
  { base: "172.24.0.0/13", size: 16 },
  ...NETWORK_POOLS,
];

/**
 * Where IPv6 subnets come from: a /48 of unique local addresses (RFC 4193) that this host and this instance alone have, so that
 * networks of two hosts can be joined later without meeting. Made of what stays the same, so that it need not be kept.
 */
export function uniqueLocalPool(hostId: string, instance: string): AddressPoolOption {
  const digest = createHash("sha256").update(`${hostId.trim()}/${instance}`).digest("hex");
  return { base: `fd${digest.slice(0, 2)}:${digest.slice(2, 6)}:${digest.slice(6, 10)}::/48`, size: 64 };
}

/** A VPN splits the default route into halves or quarters; such a route says as little about subnets in use as the default one. */
const SHORTEST_ROUTE = 6;

/** Every subnet of one family that the pools hold, in order. */
export function* candidates(pools: readonly AddressPoolOption[], family: Family = 4): Generator<Subnet> {
  for (const { base, size } of pools) {
    const whole = parseSubnet(base);
    if (whole?.family !== family || size < whole.prefixLength || size > (family === 4 ? 32 : 128)) continue;
    const step = sizeOf({ family, prefixLength: size });
    for (let first = whole.base; first <= lastOf(whole); first += step) yield { family, base: first, prefixLength: size };
  }
}

/** How many are looked at when a random one is chosen: a pool of IPv6 may hold more than there is room for. */
const MOST_CANDIDATES = 65_536;

/**
 * The first free subnet, or, when `random`, any free one: after two daemons have chosen the same at the same time, going on in
 * order would make them meet again.
 */
export function chooseSubnet(
  pools: readonly AddressPoolOption[],
  taken: readonly Subnet[],
  { family = 4, random }: { family?: Family; random?: (() => number) | undefined } = {},
): Subnet | undefined {
  const free = (candidate: Subnet): boolean => !taken.some((other) => overlaps(candidate, other));
  if (random === undefined) return Iterator.from(candidates(pools, family)).find(free);
  const all = [...Iterator.from(candidates(pools, family)).take(MOST_CANDIDATES)].filter(free);
  return all[Math.floor(random() * all.length)];
}

/** What the host's routes and addresses lay claim to, those of the interface `except` left out. */
export function takenSubnets(survey: HostSurvey, except?: string): Subnet[] {
  const own = survey.links.find(({ name }) => name === except)?.index;
  const routes = survey.routes
    .filter(({ index, prefixLength }) => (own === undefined || index !== own) && prefixLength >= SHORTEST_ROUTE)
    .flatMap(({ destination, prefixLength }) => subnetOf(destination, prefixLength));
  const addresses = survey.addresses
    .filter(({ index }) => index !== own)
    .flatMap(({ address, prefixLength }) => subnetOf(address, prefixLength));
  return [...routes, ...addresses];
}

function subnetOf(text: string, prefixLength: number): Subnet[] {
  const address = parseAddress(text);
  return address === undefined ? [] : [subnetAt(address, prefixLength)];
}
