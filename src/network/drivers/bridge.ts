import { macOf } from "#spec/mac-address.ts";
import type { HostLinks } from "#sys/netns/host-network.ts";
import { type BridgeDefaults, bridgeSettings } from "../record/bridge-settings.ts";
import type { BridgeRules } from "../firewall/plan.ts";
import type { Network } from "../record/network.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";
import { AddressBook, ipamOf, subnetOf } from "./address-book.ts";
import type { LinkWish, NetworkDriver } from "./contract.ts";
import { insideOf, interfaceSysctls } from "./inside.ts";

export interface BridgeDriverDeps {
  readonly links: HostLinks;
}

/** A Linux bridge a network; a veth pair a container; addresses out of the network's subnets. */
export class BridgeDriver implements NetworkDriver {
  readonly name = "bridge";
  readonly namespace = "own";
  readonly #links: HostLinks;
  readonly #defaults: BridgeDefaults;
  readonly #addresses = new AddressBook();

  constructor({ links }: BridgeDriverDeps, defaults: BridgeDefaults) {
    this.#links = links;
    this.#defaults = defaults;
  }

  async up(network: Network): Promise<void> {
    const { bridge, mtu, inhibitIpv4 } = bridgeSettings(network, this.#defaults);
    const { ipam6 } = network;
    const addresses = [...(inhibitIpv4 ? [] : [ipamOf(network)]), ...(ipam6 === undefined ? [] : [ipam6])].map((ipam) => ({
      address: ipam.gateway,
      prefixLength: subnetOf(ipam).prefixLength,
    }));
    await this.#links.ensureBridge({
      name: bridge,
      mtu,
      mac: macOf(ipamOf(network).gateway),
      addresses,
      sysctls: sysctlsOf(network, bridge),
    });
  }

  async down(network: Network): Promise<void> {
    this.#addresses.forget(network);
    await this.#links.removeLink(bridgeSettings(network, this.#defaults).bridge);
  }

  reserve(network: Network, wish: LinkWish): EndpointLink {
    const { bridge, mtu, icc } = bridgeSettings(network, this.#defaults);
    const addresses = this.#addresses.reserve(network, wish);
    return {
      ...addresses,
      bridge,
      mtu,
      hostName: `${this.#defaults.instance.vethPrefix}${wish.endpointId.slice(0, 8)}`,
      name: wish.name,
      mac: wish.mac ?? macOf(addresses.address),
      ...(icc ? {} : { isolated: true }),
      ...interfaceSysctls(wish),
    };
  }

  adopt(network: Network, link: EndpointLink): void {
    this.#addresses.adopt(network, link);
  }

  free(network: Network, link: EndpointLink): void {
    this.#addresses.free(network, link);
  }

  async join(network: Network, link: EndpointLink, namespace: string, { defaultRoute }: { defaultRoute: boolean }): Promise<void> {
    const { bridge, hostName = "", mtu = this.#defaults.mtu, isolated } = link;
    await this.#links.attachInterface({ ...insideOf(link, namespace, defaultRoute), bridge, hostName, mtu, isolated });
  }

  async leave({ hostName }: EndpointLink): Promise<void> {
    if (hostName !== undefined) await this.#links.removeLink(hostName);
  }

  rules(network: Network): BridgeRules {
    const { bridge, masquerade, icc, mode4, mode6, trustedInterfaces } = bridgeSettings(network, this.#defaults);
    const open = [...(mode4 === "nat-unprotected" ? [4 as const] : []), ...(mode6 === "nat-unprotected" ? [6 as const] : [])];
    const { internal, ipam6 } = network;
    return { bridge, masquerade, icc, open, trustedInterfaces, subnet: ipamOf(network).subnet, subnet6: ipam6?.subnet, internal };
  }
}

/**
 * No router advertisement of a container is heard, and no IPv6 spoken on a network that has none (CVE-2020-13401). `route_localnet`
 * lets the host's own connections to a port published on 127.0.0.1 out over the bridge; the packet filter keeps the way back shut.
 */
function sysctlsOf(network: Network, bridge: string): Record<string, string> {
  return {
    [`net/ipv6/conf/${bridge}/accept_ra`]: "0",
    // Nobody is asked through an interface whose own address is still being looked into, for up to two seconds.
    [`net/ipv6/conf/${bridge}/accept_dad`]: "0",
    [`net/ipv6/conf/${bridge}/disable_ipv6`]: network.ipam6 === undefined ? "1" : "0",
    [`net/ipv4/conf/${bridge}/route_localnet`]: network.internal ? "0" : "1",
  };
}
