import { EngineError } from "#errors/engine-error.ts";
import { macOf } from "#spec/mac-address.ts";
import type { HostLinks } from "#sys/netns/host-network.ts";
import { type BridgeDefaults, bridgeSettings } from "../record/bridge-settings.ts";
import type { BridgeRules } from "../firewall/plan.ts";
import { AddressPool } from "../addresses/ipam.ts";
import { contains, formatAddress, parseAddress, parseCidr, type Subnet, subnetAt } from "../addresses/ipv4.ts";
import type { Ipam, Network } from "../record/network.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";
import { type LinkWish, type NetworkDriver, NO_ADDRESS } from "./contract.ts";

export interface BridgeDriverDeps {
  readonly links: HostLinks;
}

/** A Linux bridge a network; a veth pair a container; addresses out of the network's subnet. */
export class BridgeDriver implements NetworkDriver {
  readonly name = "bridge";
  readonly namespace = "own";
  readonly #links: HostLinks;
  readonly #defaults: BridgeDefaults;
  /** By network id. */
  readonly #pools = new Map<string, AddressPool>();

  constructor({ links }: BridgeDriverDeps, defaults: BridgeDefaults) {
    this.#links = links;
    this.#defaults = defaults;
  }

  async up(network: Network): Promise<void> {
    const { bridge, mtu } = bridgeSettings(network, this.#defaults);
    const { gateway } = ipamOf(network);
    await this.#links.ensureBridge({
      name: bridge,
      mtu,
      mac: macOf(gateway),
      address: gateway,
      prefixLength: subnetOf(network).prefixLength,
      sysctls: sysctlsOf(network, bridge),
    });
  }

  async down(network: Network): Promise<void> {
    this.#pools.delete(network.id);
    await this.#links.removeLink(bridgeSettings(network, this.#defaults).bridge);
  }

  reserve(network: Network, wish: LinkWish): EndpointLink {
    const { bridge, mtu } = bridgeSettings(network, this.#defaults);
    const address = wish.address === undefined ? this.#nextAddress(network) : this.#claim(network, wish.address);
    return {
      bridge,
      mtu,
      hostName: `${this.#defaults.instance.vethPrefix}${wish.endpointId.slice(0, 8)}`,
      name: wish.name,
      mac: wish.mac ?? macOf(address),
      address,
      prefixLength: subnetOf(network).prefixLength,
      gateway: network.internal ? undefined : ipamOf(network).gateway,
      ...interfaceSysctls(wish),
    };
  }

  adopt(network: Network, { address }: EndpointLink): void {
    this.#poolOf(network).claim(parseAddress(address) ?? 0);
  }

  free(network: Network, { address }: EndpointLink): void {
    this.#poolOf(network).release(parseAddress(address) ?? 0);
  }

  async join(link: EndpointLink, namespace: string, { defaultRoute }: { defaultRoute: boolean }): Promise<void> {
    await this.#links.attachInterface({ ...link, namespace, gateway: defaultRoute ? link.gateway : undefined });
  }

  rules(network: Network): BridgeRules {
    const { bridge, masquerade } = bridgeSettings(network, this.#defaults);
    return { bridge, masquerade, subnet: ipamOf(network).subnet, internal: network.internal };
  }

  #nextAddress(network: Network): string {
    const address = this.#poolOf(network).allocate();
    if (address !== undefined) return formatAddress(address);
    throw new EngineError("exhausted", `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`, {
      code: NO_ADDRESS,
    });
  }

  #claim(network: Network, text: string): string {
    const address = parseAddress(text);
    if (address === undefined) throw new EngineError("invalid", `invalid IPv4 address: ${text}`);
    if (!contains(subnetOf(network), address)) {
      throw new EngineError("invalid", `invalid endpoint settings:\nno configured subnet contains IP address ${text}`);
    }
    if (!this.#poolOf(network).claim(address)) throw new EngineError("forbidden", "Address already in use", { code: NO_ADDRESS });
    return text;
  }

  #poolOf(network: Network): AddressPool {
    let pool = this.#pools.get(network.id);
    if (pool === undefined) {
      pool = newPool(network);
      this.#pools.set(network.id, pool);
    }
    return pool;
  }
}

/** A name with a dot in it stands where the kernel has it: as one part of the path. */
function interfaceSysctls({ sysctls = {}, name }: LinkWish): Pick<EndpointLink, "sysctls"> {
  const entries = Object.entries(sysctls).map(([path, value]) => [path.replace("/IFNAME/", () => `/${name}/`), value] as const);
  return entries.length === 0 ? {} : { sysctls: Object.fromEntries(entries) };
}

/** With the addresses that nobody gets: the bridge's own, and those the user keeps for others. */
function newPool(network: Network): AddressPool {
  const { range, gateway, auxiliary } = ipamOf(network);
  const pool = new AddressPool({ subnet: subnetOf(network), range: range === undefined ? undefined : subnetIn(range) });
  for (const address of [gateway, ...Object.values(auxiliary)]) pool.claim(parseAddress(address) ?? 0);
  return pool;
}

/**
 * No IPv6 on a network that has none: no router advertisement of a container is heard (CVE-2020-13401). `route_localnet` lets the
 * host's own connections to a port published on 127.0.0.1 out over the bridge; the packet filter keeps the way back shut.
 */
function sysctlsOf(network: Network, bridge: string): Record<string, string> {
  return {
    [`net/ipv6/conf/${bridge}/accept_ra`]: "0",
    [`net/ipv6/conf/${bridge}/disable_ipv6`]: "1",
    [`net/ipv4/conf/${bridge}/route_localnet`]: network.internal ? "0" : "1",
  };
}

function ipamOf(network: Network): Ipam {
  if (network.ipam === undefined) throw new EngineError("system", `network ${network.name} has no addresses`);
  return network.ipam;
}

function subnetOf(network: Network): Subnet {
  return subnetIn(ipamOf(network).subnet);
}

function subnetIn(text: string): Subnet {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new EngineError("system", `${text} is not a subnet`);
  return subnetAt(cidr.address, cidr.prefixLength);
}
