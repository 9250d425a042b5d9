import { EngineError } from "#errors/engine-error.ts";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { DriverName } from "../record/network.ts";
import { OPTION, readOptions } from "../record/network-options.ts";
import { type IpamWish, readIpam } from "./ipam-wish.ts";

export interface NetworkWish {
  readonly name: string;
  readonly driver: DriverName;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam: IpamWish;
}

/** By driver, what a network has that does not say (daemon.json `default-network-opts`). */
export type DefaultOptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Reads a create request. @throws EngineError `invalid`, `not-found` for a driver, `not-implemented` naming the field. */
export function readCreateBody(body: NetworkCreateBody, defaults: DefaultOptions = {}): NetworkWish {
  const name = body.Name ?? "";
  if (name.trim() === "") throw new EngineError("invalid", "invalid name: name is empty");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) {
    throw new EngineError(
      "invalid",
      `invalid network name ${JSON.stringify(name.slice(0, 300))}: only [a-zA-Z0-9][a-zA-Z0-9_.-]* is allowed`,
    );
  }
  const driver = readDriver(body.Driver);
  refuseWhatIsMissing(body);
  const options = readOptions(driver, { ...defaults[driver], ...body.Options });
  return {
    name,
    driver,
    // Beside a link that goes nowhere there is no way out.
    internal: (body.Internal ?? false) || (driver !== "bridge" && options[OPTION.parent] === undefined),
    attachable: body.Attachable ?? false,
    labels: body.Labels ?? {},
    options,
    ipam: readIpam(body.IPAM ?? {}, body.EnableIPv6 ?? undefined, options[OPTION.ipv6] === "true"),
  };
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
    ConfigOnly: body.ConfigOnly === true,
    ConfigFrom: (body.ConfigFrom?.Network ?? "") !== "",
    Scope: !["", "local"].includes(body.Scope ?? ""),
  };
  for (const [field, wanted] of Object.entries(asked)) {
    if (wanted) throw new EngineError("not-implemented", `network setting ${field} is not implemented`);
  }
}
