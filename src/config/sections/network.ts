import { parseCidr } from "../address-pools.ts";
import { ConfigError } from "../config-error.ts";
import type { NetworkConfig } from "../daemon-config.ts";
import type { Settings } from "../options.ts";

/** The least that IPv4 allows is 68 (RFC 791); a veth takes up to 65535. */
const MTU = { least: 68, most: 65_535, usual: 1500 };

export function buildNetwork(settings: Settings): NetworkConfig {
  return {
    bip: bridgeAddress(settings.bip),
    mtu: mtu(settings.mtu ?? MTU.usual),
    addressPools: settings["default-address-pool"] ?? [],
    publishAddress: settings.ip ?? "0.0.0.0",
    dns: settings.dns ?? [],
    dnsSearch: (settings["dns-search"] ?? []).map(domain),
    dnsOptions: settings["dns-opt"] ?? [],
    namesOnDefaultNetwork: settings["default-network-names"] ?? true,
  };
}

function bridgeAddress(bip: string | undefined): string | undefined {
  if (bip !== undefined && parseCidr(bip)?.bits !== 32)
    throw new ConfigError(`invalid bip: ${bip} (want an address and a prefix, 172.17.0.1/16)`);
  return bip;
}

function mtu(value: number): number {
  if (value < MTU.least || value > MTU.most) throw new ConfigError(`invalid default MTU: ${value}`);
  return value;
}

function domain(text: string): string {
  // A single dot stands for "no search domains at all".
  if (text === "." || /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?)+$/i.test(text)) return text;
  throw new ConfigError(`${text} is not a valid domain`);
}
