import { macOf } from "#spec/network/mac-address.ts";
import { SystemCallError } from "#sys/ffi.ts";
import type { HostLinks } from "#sys/netns/host-network.ts";
import { type Family, familyOf } from "../addresses/ip.ts";
import { type BridgeDefaults, type BridgeSettings, bridgeSettings } from "../record/bridge-settings.ts";
import type { BridgeRules, BridgeSubnet } from "../firewall/plan.ts";
import { type Network, subnetsOf } from "../record/network.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";
import { AddressBook, ipamOf, subnetOf } from "./address-book.ts";
import type { LinkWish, NetworkDriver } from "./contract.ts";
import { insideOf } from "./inside.ts";

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
    const settings = bridgeSettings(network, this.#defaults);
    const { gateway, subnet } = ipamOf(network);
    await this.#links.ensureBridge({
      name: settings.bridge,
      mtu: settings.mtu,
      mac: macOf(gateway ?? subnet.replace(/\/.*/, "")),
      addresses: hostAddresses(network, settings),
      sysctls: sysctlsOf(network, settings),
    });
  }

  async down(network: Network): Promise<void> {
    this.#addresses.forget(network);
    await this.#links.removeLink(bridgeSettings(network, this.#defaults).bridge);
  }

  reserve(network: Network, wish: LinkWish): EndpointLink {
    const { bridge, mtu, icc } = bridgeSettings(network, this.#defaults);
    const hostName = `${this.#defaults.instance.vethPrefix}${wish.endpointId.slice(0, 8)}`;
    return { ...this.#addresses.reserve(network, wish), bridge, mtu, hostName, ...(icc ? {} : { isolated: true }) };
  }

  adopt(network: Network, link: EndpointLink): void {
    this.#addresses.adopt(network, link);
  }

  free(network: Network, link: EndpointLink): void {
    this.#addresses.free(network, link);
  }

  async join(network: Network, link: EndpointLink, namespace: string, { defaultRoute }: { defaultRoute: boolean }): Promise<void> {
    const { bridge, hostName = "", mtu = this.#defaults.mtu, isolated } = link;
    const wish = { ...insideOf(link, namespace, defaultRoute), bridge, hostName, mtu, isolated };
    try {
      await this.#links.attachInterface(wish);
    } catch (error) {
      if (!(error instanceof SystemCallError && error.code === "ENODEV")) throw error;
      // Somebody has taken the bridge away.
      await this.up(network);
      await this.#links.attachInterface(wish);
    }
  }

  async leave({ hostName }: EndpointLink): Promise<void> {
    if (hostName !== undefined) await this.#links.removeLink(hostName);
  }

  usage(network: Network): ReturnType<NetworkDriver["usage"]> {
    return this.#addresses.usage(network);
  }

  linkOf(network: Network): string {
    return bridgeSettings(network, this.#defaults).bridge;
  }

  rules(network: Network): BridgeRules {
    const settings = bridgeSettings(network, this.#defaults);
    const { bridge, icc, trustedInterfaces } = settings;
    const inMode = (mode: string): Family[] => ([4, 6] as const).filter((family) => modeOf(settings, family) === mode);
    return {
      bridge,
      icc,
      trustedInterfaces,
      internal: network.internal,
      open: inMode("nat-unprotected"),
      routed: inMode("routed"),
      subnets: subnetsOf(network).map(({ subnet }) => ({ subnet, source: sourceOf(settings, familyOf(subnet)) })),
    };
  }
}

function modeOf({ mode4, mode6 }: BridgeSettings, family: Family): BridgeSettings["mode4"] {
  return family === 4 ? mode4 : mode6;
}

function sourceOf(settings: BridgeSettings, family: Family): BridgeSubnet["source"] {
  if (!settings.masquerade || modeOf(settings, family) === "routed") return "own";
  return (family === 4 ? settings.source4 : settings.source6) ?? "masquerade";
}

/** What the bridge itself is called: the gateway of each subnet, unless that is somebody else or nobody. */
function hostAddresses(network: Network, settings: BridgeSettings): { address: string; prefixLength: number }[] {
  return subnetsOf(network).flatMap((ipam) => {
    const family = familyOf(ipam.subnet);
    const isHere = !(family === 4 && settings.inhibitIpv4) && modeOf(settings, family) !== "isolated";
    return isHere && ipam.gateway !== undefined ? [{ address: ipam.gateway, prefixLength: subnetOf(ipam).prefixLength }] : [];
  });
}

/**
 * No router advertisement of a container is heard, and no IPv6 spoken on a network that has none (CVE-2020-13401). `route_localnet`
 * lets the host's own connections to a port published on 127.0.0.1 out over the bridge; the packet filter keeps the way back shut.
 */
function sysctlsOf(network: Network, { bridge, mode6 }: BridgeSettings): Record<string, string> {
  return {
    [`net/ipv6/conf/${bridge}/accept_ra`]: "0",
    // Nobody is asked through an interface whose own address is still being looked into, for up to two seconds.
    [`net/ipv6/conf/${bridge}/accept_dad`]: "0",
    [`net/ipv6/conf/${bridge}/disable_ipv6`]: network.ipam6 === undefined || mode6 === "isolated" ? "1" : "0",
    [`net/ipv4/conf/${bridge}/route_localnet`]: network.internal ? "0" : "1",
  };
}
