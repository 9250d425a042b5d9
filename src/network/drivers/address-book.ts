import { EngineError } from "#errors/engine-error.ts";
import { macOf } from "#spec/network/mac-address.ts";
import { type Address, contains, type Family, formatAddress, parseAddress, parseSubnet, type Subnet } from "../addresses/ip.ts";
import { AddressPool, type PoolUsage } from "../addresses/ipam.ts";
import { type Ipam, type Network, subnetsOf } from "../record/network.ts";
import type { EndpointLink, LinkAddress } from "../sandbox/sandbox.ts";
import { type LinkWish, NO_ADDRESS } from "./contract.ts";
import { interfaceSysctls } from "./inside.ts";

/** What of an endpoint's link is the same with every driver that gives addresses. */
type Addressed = Pick<EndpointLink, keyof LinkAddress | "ipv6" | "linkLocal" | "name" | "mac" | "sysctls">;

/** Who has which address on the networks of one driver. */
export class AddressBook {
  /** By network id and subnet. */
  readonly #pools = new Map<string, AddressPool>();

  /** Reserves an address of each family that the network has, or none. @throws EngineError as `NetworkDriver.reserve`. */
  reserve(network: Network, wish: LinkWish): Addressed {
    const ipv4 = this.#take(network, 4, wish.address);
    try {
      const ipv6 = network.ipam6 === undefined || wish.refusesIpv6 === true ? undefined : this.#take(network, 6, wish.address6);
      return {
        ...ipv4,
        ...(ipv6 === undefined ? {} : { ipv6 }),
        ...(wish.linkLocal === undefined || wish.linkLocal.length === 0 ? {} : { linkLocal: wish.linkLocal }),
        name: wish.name,
        mac: wish.mac ?? macOf(ipv4.address),
        ...interfaceSysctls(wish),
      };
    } catch (error) {
      this.free(network, ipv4);
      throw error;
    }
  }

  adopt(network: Network, link: Pick<EndpointLink, "address" | "ipv6">): void {
    this.#each(network, link, (pool, address) => void pool.claim(address));
  }

  free(network: Network, link: Pick<EndpointLink, "address" | "ipv6">): void {
    this.#each(network, link, (pool, address) => pool.release(address));
  }

  /** By subnet. */
  usage(network: Network): Record<string, PoolUsage> {
    return Object.fromEntries(subnetsOf(network).map((ipam) => [ipam.subnet, this.#poolOf(network, ipam).usage()]));
  }

  forget(network: Network): void {
    for (const ipam of subnetsOf(network)) this.#pools.delete(keyOf(network, ipam));
  }

  #each(network: Network, { address, ipv6 }: Pick<EndpointLink, "address" | "ipv6">, work: (pool: AddressPool, address: Address) => void) {
    for (const parsed of [address, ipv6?.address].flatMap((text) => parseAddress(text ?? "") ?? [])) {
      const ipam = subnetsOf(network).find((one) => contains(subnetOf(one), parsed));
      if (ipam !== undefined) work(this.#poolOf(network, ipam), parsed);
    }
  }

  #take(network: Network, family: Family, wanted: string | undefined): LinkAddress {
    const { ipam, address } = wanted === undefined ? this.#next(network, family) : this.#claim(network, family, wanted);
    const { prefixLength } = subnetOf(ipam);
    return { address: formatAddress(address), prefixLength, gateway: network.internal ? undefined : ipam.gateway };
  }

  #next(network: Network, family: Family): { ipam: Ipam; address: Address } {
    for (const ipam of subnetsOf(network, family)) {
      const address = this.#poolOf(network, ipam).allocate();
      if (address !== undefined) return { ipam, address };
    }
    const message = `no available IPv${family} addresses on this network's address pools: ${network.name} (${network.id})`;
    throw new EngineError("exhausted", message, { code: NO_ADDRESS });
  }

  #claim(network: Network, family: Family, text: string): { ipam: Ipam; address: Address } {
    const address = parseAddress(text);
    if (address?.family !== family) throw new EngineError("invalid", `invalid IPv${family} address: ${text}`);
    const ipam = subnetsOf(network, family).find((one) => contains(subnetOf(one), address));
    if (ipam === undefined) {
      throw new EngineError("invalid", `invalid endpoint settings:\nno configured subnet contains IP address ${text}`);
    }
    if (!this.#poolOf(network, ipam).claim(address)) throw new EngineError("forbidden", "Address already in use", { code: NO_ADDRESS });
    return { ipam, address };
  }

  #poolOf(network: Network, ipam: Ipam): AddressPool {
    const key = keyOf(network, ipam);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = newPool(ipam);
    this.#pools.set(key, pool);
    return pool;
  }
}

function keyOf({ id }: Network, { subnet }: Ipam): string {
  return `${id}/${subnet}`;
}

/** With the addresses that nobody gets: the gateway's, and those the user keeps for others. */
function newPool(ipam: Ipam): AddressPool {
  const { range, gateway = "", auxiliary } = ipam;
  const pool = new AddressPool({ subnet: subnetOf(ipam), range: range === undefined ? undefined : subnetIn(range) });
  for (const text of [gateway, ...Object.values(auxiliary)]) {
    const address = parseAddress(text);
    if (address !== undefined) pool.claim(address);
  }
  return pool;
}

/** The network's IPv4 addresses, which it cannot be without. */
export function ipamOf(network: Network): Ipam {
  if (network.ipam === undefined) throw new EngineError("system", `network ${network.name} has no addresses`);
  return network.ipam;
}

export function subnetOf(ipam: Ipam): Subnet {
  return subnetIn(ipam.subnet);
}

function subnetIn(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new EngineError("system", `${text} is not a subnet`);
  return subnet;
}
