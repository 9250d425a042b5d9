import { isIP } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import type { DriverName } from "./network.ts";

/** A network's options in the words of the API, by driver. Every other one is refused by its name. */
export const OPTION = {
  mtu: "com.docker.network.driver.mtu",
  interfacePrefix: "com.docker.network.container_iface_prefix",
  ipv6: "com.docker.network.enable_ipv6",
  bridgeName: "com.docker.network.bridge.name",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  source4: "com.docker.network.host_ipv4",
  source6: "com.docker.network.host_ipv6",
  icc: "com.docker.network.bridge.enable_icc",
  hostIp: "com.docker.network.bridge.host_binding_ipv4",
  inhibitIpv4: "com.docker.network.bridge.inhibit_ipv4",
  gatewayMode4: "com.docker.network.bridge.gateway_mode_ipv4",
  gatewayMode6: "com.docker.network.bridge.gateway_mode_ipv6",
  trustedInterfaces: "com.docker.network.bridge.trusted_host_interfaces",
  parent: "parent",
  macvlanMode: "macvlan_mode",
  ipvlanMode: "ipvlan_mode",
  ipvlanFlag: "ipvlan_flag",
} as const;

/** Whether a value is one of an option's. */
type Check = (value: string) => boolean;

const isBoolean = oneOf("true", "false");
const isGatewayMode = oneOf("nat", "nat-unprotected", "routed", "isolated");

const ANY_DRIVER: Readonly<Record<string, Check>> = {
  [OPTION.mtu]: (value) => /^\d{1,5}$/.test(value) && Number(value) >= 68 && Number(value) <= 65_535,
  // Room for a number within the 15 characters of a name.
  [OPTION.interfacePrefix]: (value) => /^[a-zA-Z][a-zA-Z0-9_-]{0,11}$/.test(value),
  [OPTION.ipv6]: isBoolean,
};

const BY_DRIVER: Readonly<Record<DriverName, Readonly<Record<string, Check>>>> = {
  bridge: {
    ...ANY_DRIVER,
    [OPTION.bridgeName]: isInterfaceName,
    [OPTION.masquerade]: isBoolean,
    [OPTION.icc]: isBoolean,
    [OPTION.source4]: (value) => isIP(value) === 4,
    [OPTION.source6]: (value) => isIP(value) === 6,
    [OPTION.hostIp]: (value) => isIP(value) === 4,
    [OPTION.inhibitIpv4]: isBoolean,
    [OPTION.gatewayMode4]: isGatewayMode,
    [OPTION.gatewayMode6]: isGatewayMode,
    [OPTION.trustedInterfaces]: (value) => value.split(":").every(isInterfaceName),
  },
  macvlan: {
    ...ANY_DRIVER,
    [OPTION.parent]: isInterfaceName,
    [OPTION.macvlanMode]: oneOf("bridge", "private", "vepa", "passthru"),
  },
  ipvlan: {
    ...ANY_DRIVER,
    [OPTION.parent]: isInterfaceName,
    [OPTION.ipvlanMode]: oneOf("l2", "l3", "l3s"),
    [OPTION.ipvlanFlag]: oneOf("bridge", "private", "vepa"),
  },
  host: {},
  null: {},
};

/** Checks a network's options. @throws EngineError `invalid` for a value, `not-implemented` for an option, by its name. */
export function readOptions(driver: DriverName, options: Readonly<Record<string, string>>): Record<string, string> {
  return checked(BY_DRIVER[driver], options);
}

const OF_ANY: Readonly<Record<string, Check>> = Object.assign({}, ...Object.values(BY_DRIVER)) as Record<string, Check>;

/** The same for options that are for a network of whatever driver. */
export function readAnyOptions(options: Readonly<Record<string, string>>): Record<string, string> {
  return checked(OF_ANY, options);
}

function checked(known: Readonly<Record<string, Check>>, options: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check === undefined)
      throw new EngineError("not-implemented", `network option ${name.slice(0, 300)}=${value.slice(0, 300)} is not implemented`);
    if (!check(value)) throw new EngineError("invalid", `invalid value of network option ${name}: ${JSON.stringify(value.slice(0, 300))}`);
  }
  return { ...options };
}

function isInterfaceName(value: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/.test(value);
}

function oneOf(...values: readonly string[]): Check {
  return (value) => values.includes(value);
}
