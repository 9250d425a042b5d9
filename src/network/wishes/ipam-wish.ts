import { EngineError } from "#errors/engine-error.ts";
import type { IPAM, IPAMConfig } from "#spec/docker-api/types.ts";
import {
  contains,
  type Family,
  formatSubnet,
  lastOf,
  overlaps,
  parseAddress,
  parseCidr,
  parseSubnet,
  type Subnet,
  subnetAt,
} from "../addresses/ip.ts";

/** What a user wants of a network's addresses in one family; what is left open is chosen. */
export interface PoolWish {
  readonly subnet: string | undefined;
  readonly gateway: string | undefined;
  readonly range: string | undefined;
  readonly auxiliary: Readonly<Record<string, string>>;
}

/** Undefined where the network is to have no addresses of a family. */
export interface IpamWish {
  readonly ipv4: PoolWish | undefined;
  readonly ipv6: PoolWish | undefined;
  /** More subnets of either family, each named by the user. */
  readonly more: readonly PoolWish[];
}

/** Nothing asked for, everything chosen. */
export const OPEN: PoolWish = { subnet: undefined, gateway: undefined, range: undefined, auxiliary: {} };

/**
 * Reads what a create request says of addresses. Who names an IPv6 subnet wants IPv6, said or not.
 *
 * @param ipv6 EnableIPv6; undefined where nothing was said.
 * @param otherwise whether networks have IPv6 where nothing was said.
 * @throws EngineError `invalid`, `not-implemented` naming the field.
 */
export function readIpam(ipam: IPAM, ipv6: boolean | undefined, otherwise: boolean): IpamWish {
  const { Driver = "", Options = {}, Config = [] } = ipam;
  if (Driver !== "" && Driver !== "default")
    throw new EngineError("not-implemented", `IPAM driver ${Driver.slice(0, 300)} is not implemented`);
  if (Object.keys(Options).length > 0) throw new EngineError("not-implemented", "network setting IPAM.Options is not implemented");
  const problems = (Config ?? []).flatMap(problemsOf);
  if (problems.length > 0) throw new EngineError("invalid", `invalid network config:\n${problems.join("\n")}`);
  const [config4, ...more4] = (Config ?? []).filter((config) => familyOf(config) === 4);
  const [config6, ...more6] = (Config ?? []).filter((config) => familyOf(config) === 6);
  if (ipv6 === false && config6 !== undefined)
    throw new EngineError("invalid", `invalid network config:\nIPv6 subnet ${config6.Subnet ?? ""} on a network with EnableIPv6 false`);
  const wanted = ipv6 ?? (config6 !== undefined || otherwise);
  const more = [...more4, ...more6];
  if (more4.length > 0 && [config4, ...more4].some((config) => (config?.Subnet ?? "") === ""))
    throw new EngineError("invalid", "invalid network config:\nof several subnets each has to be given");
  refuseOverlap([config4, config6, ...more]);
  return { ipv4: wishOf(config4), ipv6: wanted ? wishOf(config6) : undefined, more: more.map(wishOf) };
}

/** @throws EngineError `invalid`: two subnets of one network that have addresses in common. */
function refuseOverlap(configs: readonly (IPAMConfig | undefined)[]): void {
  const subnets = configs.flatMap((config) => parseSubnet(config?.Subnet ?? "") ?? []);
  for (const [index, subnet] of subnets.entries()) {
    const other = subnets.slice(0, index).find((one) => overlaps(one, subnet));
    if (other !== undefined)
      throw new EngineError("invalid", `invalid network config:\nsubnets ${formatSubnet(other)} and ${formatSubnet(subnet)} overlap`);
  }
}

/** Without a subnet it is of IPv4, as with Docker. */
function familyOf({ Subnet: text = "" }: IPAMConfig): Family {
  return parseCidr(text)?.address.family ?? 4;
}

function wishOf(config: IPAMConfig | undefined): PoolWish {
  if (config === undefined) return OPEN;
  return {
    subnet: given(config.Subnet),
    gateway: given(config.Gateway),
    range: given(config.IPRange),
    auxiliary: config.AuxiliaryAddresses ?? {},
  };
}

/** The shortest and the longest prefix of a subnet that has room for a gateway and a container, and fits into tables. */
const PREFIXES: Readonly<Record<Family, readonly [least: number, most: number]>> = { 4: [8, 30], 6: [16, 126] };

/** Every one of them in Docker's words, so that a user mends them all at once. */
function problemsOf(config: IPAMConfig): string[] {
  const { Subnet: text = "", Gateway = "", IPRange = "", AuxiliaryAddresses = {} } = config;
  if (text === "") {
    return Gateway === "" && IPRange === "" && Object.keys(AuxiliaryAddresses).length === 0
      ? []
      : ["invalid subnet: a gateway, an ip-range or an auxiliary address needs the subnet it is of"];
  }
  const cidr = parseCidr(text);
  if (cidr === undefined) return [`invalid subnet ${text.slice(0, 100)}: invalid CIDR block notation`];
  const subnet = subnetAt(cidr.address, cidr.prefixLength);
  const [least, most] = PREFIXES[subnet.family];
  const addresses = [
    ...(Gateway === "" ? [] : [[`gateway ${Gateway}`, Gateway] as const]),
    ...Object.entries(AuxiliaryAddresses).map(([name, address]) => [`auxiliary address ${name}`, address] as const),
  ];
  return [
    ...(subnet.base === cidr.address.value ? [] : [`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`]),
    ...(subnet.prefixLength < least || subnet.prefixLength > most
      ? [`invalid subnet ${text}: want a prefix length of ${least} to ${most}`]
      : []),
    ...rangeProblems(IPRange, subnet),
    ...addresses
      .filter(([, address]) => !isHostOf(subnet, address))
      .map(([what]) => `invalid ${what}: parent subnet ${text} doesn't contain this address`),
  ];
}

function rangeProblems(text: string, subnet: Subnet): string[] {
  if (text === "") return [];
  const cidr = parseCidr(text);
  if (cidr === undefined) return [`invalid ip-range ${text.slice(0, 100)}: invalid CIDR block notation`];
  const range = subnetAt(cidr.address, cidr.prefixLength);
  return [
    ...(range.prefixLength < subnet.prefixLength
      ? [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${formatSubnet(subnet)}`]
      : []),
    ...(range.base === cidr.address.value ? [] : [`invalid ip-range ${text}: it should be ${formatSubnet(range)}`]),
    ...(contains(subnet, cidr.address) ? [] : [`invalid ip-range ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`]),
  ];
}

/** Neither the subnet's own address nor its broadcast address is a host's. */
function isHostOf(subnet: Subnet, text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || !contains(subnet, address) || address.value === subnet.base) return false;
  return subnet.family === 6 || address.value < lastOf(subnet);
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
