import { EngineError } from "#errors/engine-error.ts";
import { type Address, contains, type Family, formatAddress, parseAddress, parseSubnet, type Subnet } from "../addresses/ip.ts";
import { AddressPool } from "../addresses/ipam.ts";
import type { Ipam, Network } from "../record/network.ts";
import type { EndpointLink, LinkAddress } from "../sandbox/sandbox.ts";
import { type LinkWish, NO_ADDRESS } from "./contract.ts";

type LinkAddresses = Pick<EndpointLink, "address" | "prefixLength" | "gateway" | "ipv6" | "linkLocal">;

/** Who has which address on the networks of one driver. */
export class AddressBook {
  /** By network id and family. */
  readonly #pools = new Map<string, AddressPool>();

  /** Reserves an address of each family that the network has, or none. @throws EngineError as `NetworkDriver.reserve`. */
  reserve(network: Network, wish: LinkWish): LinkAddresses {
    const ipv4 = this.#take(network, ipamOf(network), wish.address);
    try {
      const ipv6 = network.ipam6 === undefined ? undefined : this.#take(network, network.ipam6, wish.address6);
      return {
        ...ipv4,
        ...(ipv6 === undefined ? {} : { ipv6 }),
        ...(wish.linkLocal === undefined || wish.linkLocal.length === 0 ? {} : { linkLocal: wish.linkLocal }),
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

  forget({ id }: Network): void {
    for (const family of [4, 6] as const) this.#pools.delete(keyOf(id, family));
  }

  #each(network: Network, { address, ipv6 }: Pick<EndpointLink, "address" | "ipv6">, work: (pool: AddressPool, address: Address) => void) {
    for (const [ipam, text] of [[network.ipam, address] as const, [network.ipam6, ipv6?.address] as const]) {
      const parsed = parseAddress(text ?? "");
      if (ipam !== undefined && parsed !== undefined) work(this.#poolOf(network, ipam), parsed);
    }
  }

  #take(network: Network, ipam: Ipam, wanted: string | undefined): LinkAddress {
    const subnet = subnetOf(ipam);
    const address = wanted === undefined ? this.#next(network, ipam) : this.#claim(network, ipam, wanted);
    return { address, prefixLength: subnet.prefixLength, gateway: network.internal ? undefined : ipam.gateway };
  }

  #next(network: Network, ipam: Ipam): string {
    const address = this.#poolOf(network, ipam).allocate();
    if (address !== undefined) return formatAddress(address);
    const family = `IPv${subnetOf(ipam).family}`;
    throw new EngineError(
      "exhausted",
      `no available ${family} addresses on this network's address pools: ${network.name} (${network.id})`,
      {
        code: NO_ADDRESS,
      },
    );
  }

  #claim(network: Network, ipam: Ipam, text: string): string {
    const subnet = subnetOf(ipam);
    const address = parseAddress(text);
    if (address?.family !== subnet.family) throw new EngineError("invalid", `invalid IPv${subnet.family} address: ${text}`);
    if (!contains(subnet, address)) {
      throw new EngineError("invalid", `invalid endpoint settings:\nno configured subnet contains IP address ${text}`);
    }
    if (!this.#poolOf(network, ipam).claim(address)) throw new EngineError("forbidden", "Address already in use", { code: NO_ADDRESS });
    return formatAddress(address);
  }

  #poolOf({ id }: Network, ipam: Ipam): AddressPool {
    const key = keyOf(id, subnetOf(ipam).family);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = newPool(ipam);
      this.#pools.set(key, pool);
    }
    return pool;
  }
}

function keyOf(id: string, family: Family): string {
  return `${id}/${family}`;
}

/** With the addresses that nobody gets: the gateway's, and those the user keeps for others. */
function newPool(ipam: Ipam): AddressPool {
  const { range, gateway, auxiliary } = ipam;
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
