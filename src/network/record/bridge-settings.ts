import type { Instance } from "#spec/instance.ts";
import { isPredefined, type Network } from "./network.ts";

/** What a bridge network's options come to. */
export interface BridgeSettings {
  /** Name of the interface. */
  readonly bridge: string;
  readonly mtu: number;
  readonly masquerade: boolean;
  /** Host address for ports that are published without one. */
  readonly hostIp: string;
}

export const BRIDGE_NAME = "com.docker.network.bridge.name";
export const BRIDGE_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade";
export const BRIDGE_ICC = "com.docker.network.bridge.enable_icc";
export const BRIDGE_HOST_IP = "com.docker.network.bridge.host_binding_ipv4";
const BRIDGE_DEFAULT = "com.docker.network.bridge.default_bridge";
export const MTU = "com.docker.network.driver.mtu";

export interface BridgeDefaults {
  readonly instance: Instance;
  readonly mtu: number;
  readonly hostIp: string;
}

export function bridgeSettings(network: Network, defaults: BridgeDefaults): BridgeSettings {
  const { options } = network;
  return {
    bridge: options[BRIDGE_NAME] ?? bridgeName(network, defaults.instance),
    mtu: Number(options[MTU] ?? defaults.mtu),
    masquerade: options[BRIDGE_MASQUERADE] !== "false",
    hostIp: options[BRIDGE_HOST_IP] ?? defaults.hostIp,
  };
}

/** `<prefix>b<eight of the id>`: at most 15 characters, and told apart from a container's interface by its form. */
function bridgeName(network: Network, instance: Instance): string {
  return isPredefined(network.name) ? instance.bridge : `${instance.vethPrefix}b${network.id.slice(0, 8)}`;
}

/** The options that the default bridge shows. */
export function defaultBridgeOptions({ instance, mtu, hostIp }: BridgeDefaults): Record<string, string> {
  return {
    [BRIDGE_DEFAULT]: "true",
    [BRIDGE_ICC]: "true",
    [BRIDGE_MASQUERADE]: "true",
    [BRIDGE_HOST_IP]: hostIp,
    [BRIDGE_NAME]: instance.bridge,
    [MTU]: String(mtu),
  };
}
