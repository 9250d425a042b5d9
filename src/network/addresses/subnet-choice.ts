import type { HostSurvey } from "#sys/netns/host-network.ts";
import { parseAddress, parseCidr, overlaps, sizeOf, type Subnet, subnetAt } from "./ipv4.ts";

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

/** A VPN splits the default route into halves or quarters; such a route says as little about subnets in use as the default one. */
const SHORTEST_ROUTE = 6;

/** Every subnet of the pools, in order. */
export function* candidates(pools: readonly AddressPoolOption[]): Generator<Subnet> {
  for (const { base, size } of pools) {
    const range = parseCidr(base);
    if (range === undefined || size < range.prefixLength || size > 32) continue;
    const whole = subnetAt(range.address, range.prefixLength);
    const step = 2 ** (32 - size);
    for (let offset = 0; offset < sizeOf(whole); offset += step) yield { base: whole.base + offset, prefixLength: size };
  }
}

/**
 * The first free subnet, or, when `random`, any free one: after two daemons have chosen the same at the same time, going on in
 * order would make them meet again.
 */
export function chooseSubnet(pools: readonly AddressPoolOption[], taken: readonly Subnet[], random?: () => number): Subnet | undefined {
  const free = (candidate: Subnet): boolean => !taken.some((other) => overlaps(candidate, other));
  if (random === undefined) return Iterator.from(candidates(pools)).find(free);
  const all = [...candidates(pools)].filter(free);
  return all[Math.floor(random() * all.length)];
}

/** What the host's routes and addresses lay claim to, those of the interface `except` left out. */
export function takenSubnets(survey: HostSurvey, except?: string): Subnet[] {
  const own = survey.links.find(({ name }) => name === except)?.index;
  const routes = survey.routes
    .filter(({ index, prefixLength }) => (own === undefined || index !== own) && prefixLength >= SHORTEST_ROUTE)
    .map(({ destination, prefixLength }) => subnetOf(destination, prefixLength));
  const addresses = survey.addresses
    .filter(({ index }) => index !== own)
    .map(({ address, prefixLength }) => subnetOf(address, prefixLength));
  return [...routes, ...addresses];
}

function subnetOf(address: string, prefixLength: number): Subnet {
  return subnetAt(parseAddress(address) ?? 0, prefixLength);
}
