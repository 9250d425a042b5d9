import { EngineError } from "#errors/engine-error.ts";
import type { IPAM, IPAMConfig, NetworkCreateBody } from "#spec/docker-api/types.ts";
import { BRIDGE_HOST_IP, BRIDGE_ICC, BRIDGE_MASQUERADE, BRIDGE_NAME, MTU } from "./record/bridge-settings.ts";
import { contains, formatSubnet, lastOf, parseAddress, parseCidr, type Subnet, subnetAt } from "./addresses/ipv4.ts";

/** What a user wants of a network's addresses; what is left open is chosen. */
export interface IpamWish {
  readonly subnet: string | undefined;
  readonly gateway: string | undefined;
  readonly range: string | undefined;
  readonly auxiliary: Readonly<Record<string, string>>;
}

export interface NetworkWish {
  readonly name: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam: IpamWish;
}

/** Reads a create request. @throws EngineError `invalid`, `not-found` for a driver, `not-implemented` naming the field. */
export function readCreateBody(body: NetworkCreateBody): NetworkWish {
  const name = body.Name ?? "";
  if (name.trim() === "") throw new EngineError("invalid", "invalid name: name is empty");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) {
    throw new EngineError(
      "invalid",
      `invalid network name ${JSON.stringify(name.slice(0, 300))}: only [a-zA-Z0-9][a-zA-Z0-9_.-]* is allowed`,
    );
  }
  checkDriver(body.Driver);
  refuseWhatIsMissing(body);
  return {
    name,
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    labels: body.Labels ?? {},
    options: readOptions(body.Options ?? {}),
    ipam: readIpam(body.IPAM ?? {}),
  };
}

const LATER_DRIVERS = ["macvlan", "ipvlan", "overlay"];

function checkDriver(driver: string | undefined): void {
  if (driver === undefined || driver === "" || driver === "bridge" || driver === "default") return;
  if (driver === "host" || driver === "null") throw new EngineError("forbidden", `only one instance of "${driver}" network is allowed`);
  if (LATER_DRIVERS.includes(driver)) throw new EngineError("not-implemented", `network driver ${driver} is not implemented`);
  throw new EngineError("not-found", `plugin "${driver.slice(0, 300)}" not found`);
}

function refuseWhatIsMissing(body: NetworkCreateBody): void {
  const asked = {
    EnableIPv6: body.EnableIPv6 === true,
    EnableIPv4: body.EnableIPv4 === false,
    Ingress: body.Ingress === true,
    ConfigOnly: body.ConfigOnly === true,
    ConfigFrom: (body.ConfigFrom?.Network ?? "") !== "",
    Scope: !["", "local"].includes(body.Scope ?? ""),
  };
  for (const [field, wanted] of Object.entries(asked)) if (wanted) throw missing(field);
}

function missing(field: string): EngineError {
  return new EngineError("not-implemented", `network setting ${field} is not implemented`);
}

/** By option: what a value has to look like. */
const OPTIONS: Readonly<Record<string, (value: string) => boolean>> = {
  [BRIDGE_NAME]: (value) => /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/.test(value),
  [BRIDGE_MASQUERADE]: isBoolean,
  [BRIDGE_HOST_IP]: (value) => parseAddress(value) !== undefined,
  [MTU]: (value) => /^\d{1,5}$/.test(value) && Number(value) >= 68 && Number(value) <= 65_535,
};

function readOptions(options: Readonly<Record<string, string>>): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(options)) {
    // The one value of it that is so anyway.
    const known = name === BRIDGE_ICC && value === "true" ? isBoolean : Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (known === undefined)
      throw new EngineError("not-implemented", `network option ${name.slice(0, 300)}=${value.slice(0, 300)} is not implemented`);
    if (!known(value)) throw new EngineError("invalid", `invalid value of network option ${name}: ${JSON.stringify(value.slice(0, 300))}`);
    read[name] = value;
  }
  return read;
}

function isBoolean(value: string): boolean {
  return value === "true" || value === "false";
}

function readIpam(ipam: IPAM): IpamWish {
  const { Driver = "", Options = {}, Config = [] } = ipam;
  if (Driver !== "" && Driver !== "default")
    throw new EngineError("not-implemented", `IPAM driver ${Driver.slice(0, 300)} is not implemented`);
  if (Object.keys(Options).length > 0) throw missing("IPAM.Options");
  if (Config.length > 1) throw missing("IPAM.Config with several subnets");
  const config = Config[0] ?? {};
  const problems = problemsOf(config);
  if (problems.length > 0) throw new EngineError("invalid", `invalid network config:\n${problems.join("\n")}`);
  return {
    subnet: given(config.Subnet),
    gateway: given(config.Gateway),
    range: given(config.IPRange),
    auxiliary: config.AuxiliaryAddresses ?? {},
  };
}

/** Every one of them in Docker's words, so that a user mends them all at once. */
function problemsOf(config: IPAMConfig): string[] {
  const { Subnet: text = "", Gateway = "", IPRange = "", AuxiliaryAddresses = {} } = config;
  if (text === "") {
    return Gateway === "" && IPRange === "" && Object.keys(AuxiliaryAddresses).length === 0
      ? []
      : ["invalid subnet: a gateway, an ip-range or an auxiliary address needs the subnet it is of"];
  }
  if (text.includes(":"))
    throw new EngineError(
      "not-implemented",
      `network setting IPAM.Config.Subnet ${text.slice(0, 100)} is not implemented: there is no IPv6`,
    );
  const cidr = parseCidr(text);
  if (cidr === undefined) return [`invalid subnet ${text.slice(0, 100)}: invalid CIDR block notation`];
  const subnet = subnetAt(cidr.address, cidr.prefixLength);
  const addresses = [
    ...(Gateway === "" ? [] : [[`gateway ${Gateway}`, Gateway] as const]),
    ...Object.entries(AuxiliaryAddresses).map(([name, address]) => [`auxiliary address ${name}`, address] as const),
  ];
  return [
    ...(subnet.base === cidr.address ? [] : [`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`]),
    ...(subnet.prefixLength < 8 || subnet.prefixLength > 30 ? [`invalid subnet ${text}: want a prefix length of 8 to 30`] : []),
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
    ...(range.base === cidr.address ? [] : [`invalid ip-range ${text}: it should be ${formatSubnet(range)}`]),
    ...(contains(subnet, range.base) ? [] : [`invalid ip-range ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`]),
  ];
}

/** Neither the subnet's own address nor its broadcast address is a host's. */
function isHostOf(subnet: Subnet, text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && address > subnet.base && address < lastOf(subnet);
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
