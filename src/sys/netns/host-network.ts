import type { InterfaceAddress, Route } from "../netlink/address.ts";
import type { Link, Sharing } from "../netlink/link.ts";
import type { TokenBucket } from "../netlink/traffic.ts";
import type { NameServerSockets } from "./name-server-sockets.ts";

/**
 * What Dhow does to the host's network, as calls that never block the event loop. Each is one short run of system calls; they
 * happen one after the other, in the order of asking. A system call that fails rejects with SystemCallError, a refused rule with
 * NftError.
 */
export interface HostLinks {
  /**
   * Makes a network namespace mounted on `path`, with loopback up.
   *
   * @param sysctls names below /proc/sys as the namespace sees them (`net/ipv4/ip_forward`).
   * @param existing path of a namespace that somebody else has made, to be mounted in the place of a new one.
   */
  createNamespace(path: string, sysctls: Sysctls, existing?: string): Promise<void>;
  /** Ends a namespace; its interfaces go in the kernel's own time, some 35 ms. Missing is no error. */
  removeNamespace(path: string): Promise<void>;
  /** Makes the bridge, or brings an existing one of that name to this state. @throws SystemCallError EEXIST when the name is another kind's. */
  ensureBridge(bridge: BridgeLink): Promise<void>;
  /** Makes what other interfaces can share: a tagged part of an interface, or a link that goes nowhere. @returns false when it is there. */
  ensureParent(parent: ParentLink): Promise<boolean>;
  /** Makes a pair of interfaces that lead from the host to itself. Already there is no error. */
  ensureDetour(detour: Detour): Promise<void>;
  /** Names of the host's interfaces, each with that of the bridge whose port it is: cheaper than a survey. */
  interfaces(): Promise<ReadonlyMap<string, string | undefined>>;
  /** Puts an interface into a namespace and its other end on a bridge. Already there is no error. */
  attachInterface(link: ContainerLink): Promise<void>;
  /** Puts an interface into a namespace that shares one of the host's. Already there is no error. */
  attachShared(link: SharedLink): Promise<void>;
  /** Takes an interface out of a namespace that lives on. Missing is no error. */
  detachInterface(namespace: string, name: string): Promise<void>;
  /**
   * Limits how fast a container's interface receives (by a queue on the host's end of its pair) and sends (by a queue on an interface of
   * its own, `outName`, that the host's end hands everything to). In place of the limits it had; what is left out is not limited.
   */
  limitInterface(limits: InterfaceLimits): Promise<void>;
  /** Deletes an interface at once: 20 to 40 ms under the kernel's lock. Missing is no error. */
  removeLink(name: string): Promise<void>;
  survey(): Promise<HostSurvey>;
  /** Makes the kernel forget connections of container addresses, and flows to UDP ports of the host. */
  forgetConnections(what: { addresses?: readonly string[]; udpPorts?: readonly number[] }): Promise<void>;
  writeSysctls(sysctls: Sysctls): Promise<void>;
  /**
   * Turns on IPv6 forwarding where it is off. A host that forwards does not listen to router advertisements; interfaces that did are told
   * to go on, so that the host keeps its own way out. @returns whether it was off.
   */
  forwardIpv6(): Promise<boolean>;
}

export interface HostRules {
  /** Runs a script in nft's language as one transaction. */
  applyRules(script: string): Promise<void>;
  /** The `nftables` array of one `list …` command. */
  listRules(command: string): Promise<unknown[]>;
  /**
   * Runs `iptables-legacy`, or `ip6tables-legacy`, with these arguments. @returns what it printed; undefined where its tables are not in
   * use (they are never loaded by asking), or the program is not installed.
   */
  runLegacyIptables(family: 4 | 6, parameters: readonly string[]): Promise<string | undefined>;
  /** Whether the `inet` table is there, and the count of all changes that anybody made to any table. */
  rulesState(table: string): Promise<{ present: boolean; generation: number }>;
}

export interface HostNames {
  /**
   * Opens the sockets of a name server at 127.0.0.11 inside a namespace, port 53 of which leads to them. Called again, the new ones
   * take the place of the old. The descriptors are the caller's to close.
   */
  openNameServer(namespace: string): Promise<NameServerSockets>;
  /** A socket inside a namespace, neither bound nor connected. The caller's to close. */
  openSocketIn(namespace: string, protocol: "udp" | "tcp"): Promise<number>;
}

export interface HostNetwork extends HostLinks, HostRules, HostNames {}

/** What goes out by the one comes back in by the other, as a packet that has just arrived. */
export interface Detour {
  readonly outName: string;
  readonly backName: string;
}

export type Sysctls = Readonly<Record<string, string>>;

export interface BridgeLink {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** Of either family. */
  readonly addresses: readonly NetworkAddress[];
  readonly sysctls: Sysctls;
}

/** An address and how much of it is the network's. */
export interface NetworkAddress {
  readonly address: string;
  readonly prefixLength: number;
}

/** What an interface inside a namespace is to be. */
export interface InsideLink {
  /** Path of the container's namespace. */
  readonly namespace: string;
  /** The name inside: `eth0`. */
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly prefixLength: number;
  /** Where the default route leads; none without. */
  readonly gateway: string | undefined;
  /** Without, the namespace has no IPv6 on this interface. */
  readonly ipv6?: (NetworkAddress & { readonly gateway: string | undefined }) | undefined;
  /** More addresses, of either family. */
  readonly more?: readonly NetworkAddress[] | undefined;
  /** The interface's own, as the namespace sees them. */
  readonly sysctls?: Sysctls | undefined;
}

export interface ContainerLink extends InsideLink {
  readonly bridge: string;
  readonly hostName: string;
  readonly mtu: number;
  /** Keeps it from other isolated ports of its bridge. */
  readonly isolated?: boolean | undefined;
}

export interface SharedLink extends InsideLink {
  readonly parent: string;
  /** Its parent's without. */
  readonly mtu: number | undefined;
  readonly sharing: Sharing;
  /** The way out leads through the interface itself, without a router. */
  readonly direct?: boolean | undefined;
}

/** `eth0.10` is VLAN 10 of `eth0`; without one it is a dummy. */
export interface ParentLink {
  readonly name: string;
  /** Says whose it is. */
  readonly alias: string;
  readonly vlan?: { readonly parent: string; readonly id: number } | undefined;
}

export interface InterfaceLimits {
  /** The host's end. */
  readonly hostName: string;
  readonly outName: string;
  readonly in: TokenBucket | undefined;
  readonly out: TokenBucket | undefined;
}

/** What the host has now, of both families. */
export interface HostSurvey {
  /** net.ipv4.ip_forward. */
  readonly forwarding: boolean;
  /** Whether it speaks IPv6: the kernel does, and nobody has turned it off for all interfaces. */
  readonly ipv6: boolean;
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  readonly routes: readonly Route[];
}
