import { EngineError } from "#errors/engine-error.ts";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { Configuration, DriverName } from "../record/network.ts";
import { OPTION, readAnyOptions, readOptions } from "../record/network-options.ts";
import { type IpamWish, readIpam } from "./ipam-wish.ts";

export interface NetworkWish {
  readonly name: string;
  readonly driver: DriverName;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam: IpamWish;
  /** Of one that is a configuration and nothing else. */
  readonly configuration?: Configuration;
}

/** By driver, what a network has that does not say (daemon.json `default-network-opts`). */
export type DefaultOptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface WishDefaults {
  readonly options?: DefaultOptions | undefined;
  /** Whether bridge networks have IPv6 that say nothing about it; false without. */
  readonly dualStack?: boolean | undefined;
}

const NO_ADDRESSES: IpamWish = { ipv4: undefined, ipv6: undefined, more: [] };

/** Reads a create request. @throws EngineError `invalid`, `forbidden`, `not-found` for a driver, `not-implemented` naming the field. */
export function readCreateBody(body: NetworkCreateBody, { options: defaults = {}, dualStack = false }: WishDefaults = {}): NetworkWish {
  const name = readName(body.Name ?? "");
  const driver = readDriver(body.Driver);
  refuseWhatIsMissing(body);
  const rest = { name, attachable: body.Attachable ?? false, labels: body.Labels ?? {} };
  if (body.ConfigOnly === true) return { ...rest, ...readConfiguration(body) };
  const options = readOptions(driver, { ...defaults[driver], ...body.Options });
  // Beside a link that goes nowhere there is no way out.
  const internal = (body.Internal ?? false) || (driver !== "bridge" && options[OPTION.parent] === undefined);
  refuseIsolatedWithWayOut(options, internal);
  const ipv6 = options[OPTION.ipv6] === undefined ? driver === "bridge" && dualStack : options[OPTION.ipv6] === "true";
  return { ...rest, driver, internal, options, ipam: readIpam(body.IPAM ?? {}, body.EnableIPv6 ?? undefined, ipv6) };
}

function readName(name: string): string {
  if (name.trim() === "") throw new EngineError("invalid", "invalid name: name is empty");
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return name;
  throw new EngineError(
    "invalid",
    `invalid network name ${JSON.stringify(name.slice(0, 300))}: only [a-zA-Z0-9][a-zA-Z0-9_.-]* is allowed`,
  );
}

/** Its options may be of any driver: that of the networks which will be made from it is not known yet. As Docker has it, its own is `null`. */
function readConfiguration(body: NetworkCreateBody): Omit<NetworkWish, "name" | "attachable" | "labels"> {
  if (body.Internal === true || body.Attachable === true || (body.Scope ?? "") !== "") {
    throw new EngineError(
      "forbidden",
      "configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.",
    );
  }
  const { EnableIPv6, IPAM = {} } = body;
  readIpam(IPAM, EnableIPv6 ?? undefined, false);
  const options = readAnyOptions(body.Options ?? {});
  return { driver: "null", internal: false, options, ipam: NO_ADDRESSES, configuration: { EnableIPv6, IPAM } };
}

/** Docker's words. */
function refuseIsolatedWithWayOut(options: Readonly<Record<string, string>>, internal: boolean): void {
  if (internal || ![options[OPTION.gatewayMode4], options[OPTION.gatewayMode6]].includes("isolated")) return;
  throw new EngineError("invalid", "gateway mode 'isolated' can only be used for an internal network");
}

const DRIVERS = ["bridge", "macvlan", "ipvlan"] as const;

function readDriver(text: string | undefined): DriverName {
  if (text === undefined || text === "" || text === "default") return "bridge";
  const driver = DRIVERS.find((name) => name === text);
  if (driver !== undefined) return driver;
  if (text === "host" || text === "null") throw new EngineError("forbidden", `only one instance of "${text}" network is allowed`);
  if (text === "overlay") throw new EngineError("not-implemented", "network driver overlay is not implemented");
  throw new EngineError("not-found", `plugin "${text.slice(0, 300)}" not found`);
}

function refuseWhatIsMissing(body: NetworkCreateBody): void {
  const asked = {
    EnableIPv4: body.EnableIPv4 === false,
    Ingress: body.Ingress === true,
    Scope: !["", "local"].includes(body.Scope ?? ""),
  };
  for (const [field, wanted] of Object.entries(asked)) {
    if (wanted) throw new EngineError("not-implemented", `network setting ${field} is not implemented`);
  }
}
