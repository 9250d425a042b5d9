import { parseCidr } from "../values/address-pools.ts";
import { ConfigError } from "../config-error.ts";
import type { NetworkConfig } from "../daemon-config.ts";
import type { Settings } from "../options.ts";

/** The least that IPv4 allows is 68 (RFC 791); a veth takes up to 65535. */
const MTU = { least: 68, most: 65_535, usual: 1500 };

export function buildNetwork(settings: Settings): NetworkConfig {
  return {
    bip: bridgeAddress(settings.bip),
    ipv6: settings.ipv6,
    bip6: ipv6Subnet("bip6", settings.bip6),
    fixedCidr6: ipv6Subnet("fixed-cidr-v6", settings["fixed-cidr-v6"]),
    networkOptions: settings["default-network-opt"] ?? {},
    mtu: mtu(settings.mtu ?? MTU.usual),
    addressPools: settings["default-address-pool"] ?? [],
    publishAddress: settings.ip ?? "0.0.0.0",
    dns: settings.dns ?? [],
    dnsSearch: (settings["dns-search"] ?? []).map(domain),
    dnsOptions: settings["dns-opt"] ?? [],
    hostFirewall: settings["host-firewall"] ?? false,
    namesOnDefaultNetwork: settings["default-network-names"] ?? true,
  };
}

function bridgeAddress(bip: string | undefined): string | undefined {
  if (bip !== undefined && parseCidr(bip)?.bits !== 32)
    throw new ConfigError(`invalid bip: ${bip} (want an address and a prefix, 172.17.0.1/16)`);
  return bip;
}

function ipv6Subnet(option: string, text: string | undefined): string | undefined {
  if (text !== undefined && parseCidr(text)?.bits !== 128)
    throw new ConfigError(`invalid ${option}: ${text} (want an IPv6 address and a prefix, fd00:1::1/64)`);
  return text;
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
