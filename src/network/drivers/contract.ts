import type { PoolUsage } from "../addresses/ipam.ts";
import type { BridgeRules } from "../firewall/plan.ts";
import type { DriverName, Network } from "../record/network.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";

/**
 * A network driver: what a network of one kind is on the host, and how a container gets into it.
 *
 * Vocabulary. A *network* is a record (`Network`) that outlives the daemon and, once `up`, an object in the kernel. A *link* is a
 * container's place in it: addresses first (`reserve`), an interface later (`join`).
 *
 * Life of a network: `up` … `down`. After a restart of the daemon, or somebody's meddling, `up` is called again on what may be
 * there already.
 *
 * Life of a link: `reserve` (at once, so that two containers never race for an address) → `join` → the namespace ends, which takes
 * the interface with it → `free`. After a restart of the daemon the links of running containers are `adopt`ed in place of
 * `reserve`. A link that was never joined is freed all the same.
 *
 * The life of a driver is that of the daemon. `contract.suite.ts` holds every driver to this.
 */
export interface NetworkDriver {
  readonly name: DriverName;

  /** `own`: a container on it has a network namespace; `host`: it runs in the host's, and no link is ever made. */
  readonly namespace: "own" | "host";

  /** Makes what the network is in the kernel, or brings it back into shape. Idempotent. */
  up(network: Network): Promise<void>;

  /** Takes it away, and forgets the network's addresses. Every link is gone before. Missing is no error. */
  down(network: Network): Promise<void>;

  /**
   * Plans a link and reserves its addresses. Synchronous: nothing of it is in the kernel yet.
   *
   * @returns undefined where the driver makes no interface.
   * @throws EngineError `exhausted` when the network is full (code `address`), `forbidden` when the address asked for is taken
   * (code `address`), `invalid` when it is not of this network.
   */
  reserve(network: Network, wish: LinkWish): EndpointLink | undefined;

  /** Reserves what a running container has already. */
  adopt(network: Network, link: EndpointLink): void;

  /** Gives the addresses back. The interface is gone, or never was. */
  free(network: Network, link: EndpointLink): void;

  /**
   * Makes the interface inside the namespace, configured and up. Idempotent.
   *
   * @param options.defaultRoute the namespace's way out leads over this link's gateway.
   * @throws SystemCallError of the step that failed.
   */
  join(network: Network, link: EndpointLink, namespace: string, options: { defaultRoute: boolean }): Promise<void>;

  /** Takes the interface out of a namespace that lives on, or is about to end. Missing is no error. */
  leave(link: EndpointLink, namespace: string): Promise<void>;

  /** How much of each of the network's subnets is in use. */
  usage(network: Network): Readonly<Record<string, PoolUsage>>;

  /** Name of the interface of the host that the network is; undefined where there is none, or it is somebody else's. */
  linkOf(network: Network): string | undefined;

  /** What the packet filter has to know of the network; undefined where it has no part in it. */
  rules(network: Network): BridgeRules | undefined;
}

export interface LinkWish {
  readonly endpointId: string;
  /** The name inside: `eth0`. */
  readonly name: string;
  /** Addresses of the user's choice, IPv4 and IPv6. */
  readonly address: string | undefined;
  readonly address6?: string | undefined;
  /** No address of IPv6, whatever the network has. */
  readonly refusesIpv6?: boolean | undefined;
  /** More of the user's, which are not out of any pool. */
  readonly linkLocal?: readonly string[] | undefined;
  readonly mac: string | undefined;
  /** Below /proc/sys, with `IFNAME` for the interface's name. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
}

/** Code of errors that go away when an address is given back. */
export const NO_ADDRESS = "address";

export type Drivers = Readonly<Record<DriverName, NetworkDriver>>;
