import type { Instance } from "#spec/instance.ts";
import { isPredefined, type Network } from "./network.ts";
import { OPTION } from "./network-options.ts";

/**
 * How the world reaches containers of a network in one family. `nat`: by ports published on the host. `nat-unprotected`: by their own
 * addresses as well. `routed`: by published ports at their own addresses alone, and they leave under these. `isolated`: not at all, the
 * host included, which has no address on the bridge.
 */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

/** What a bridge network's options come to. */
export interface BridgeSettings {
  /** Name of the interface. */
  readonly bridge: string;
  readonly mtu: number;
  readonly masquerade: boolean;
  /** The host's addresses that containers leave behind; those of the way out without. */
  readonly source4: string | undefined;
  readonly source6: string | undefined;
  /** Whether its containers reach each other. */
  readonly icc: boolean;
  /** Host address for ports that are published without one. */
  readonly hostIp: string;
  readonly mode4: GatewayMode;
  readonly mode6: GatewayMode;
  /** The bridge has no IPv4 address: somebody else is the gateway. */
  readonly inhibitIpv4: boolean;
  /** Interfaces of the host from which containers are reached by their own addresses. */
  readonly trustedInterfaces: readonly string[];
}

const BRIDGE_DEFAULT = "com.docker.network.bridge.default_bridge";

export interface BridgeDefaults {
  readonly instance: Instance;
  readonly mtu: number;
  readonly hostIp: string;
}

export function bridgeSettings(network: Network, defaults: BridgeDefaults): BridgeSettings {
  const { options } = network;
  return {
    bridge: options[OPTION.bridgeName] ?? bridgeName(network, defaults.instance),
    mtu: Number(options[OPTION.mtu] ?? defaults.mtu),
    masquerade: options[OPTION.masquerade] !== "false",
    source4: options[OPTION.source4],
    source6: options[OPTION.source6],
    icc: options[OPTION.icc] !== "false",
    hostIp: options[OPTION.hostIp] ?? defaults.hostIp,
    mode4: modeOf(options[OPTION.gatewayMode4]),
    mode6: modeOf(options[OPTION.gatewayMode6]),
    inhibitIpv4: options[OPTION.inhibitIpv4] === "true",
    trustedInterfaces: (options[OPTION.trustedInterfaces] ?? "").split(":").filter((name) => name !== ""),
  };
}

/** What was not checked when the network was made is not there. */
function modeOf(text: string | undefined): GatewayMode {
  return (text as GatewayMode | undefined) ?? "nat";
}

/** `<prefix>b<eight of the id>`: at most 15 characters, and told apart from a container's interface by its form. */
function bridgeName(network: Network, instance: Instance): string {
  return isPredefined(network.name) ? instance.bridge : `${instance.vethPrefix}b${network.id.slice(0, 8)}`;
}

/** The options that the default bridge shows. */
export function defaultBridgeOptions({ instance, mtu, hostIp }: BridgeDefaults): Record<string, string> {
  return {
    [BRIDGE_DEFAULT]: "true",
    [OPTION.icc]: "true",
    [OPTION.masquerade]: "true",
    [OPTION.hostIp]: hostIp,
    [OPTION.bridgeName]: instance.bridge,
    [OPTION.mtu]: String(mtu),
  };
}
