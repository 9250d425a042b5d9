import { EngineError } from "#errors/engine-error.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { isPredefined, type Network } from "./network.ts";
import type { NetworkRegistry } from "./registry.ts";
import type { EndpointWishes } from "./sandbox.ts";

/** An endpoint that is to be. */
export interface PlannedEndpoint {
  readonly network: Network;
  readonly address: string | undefined;
  readonly mac: string | undefined;
  readonly wishes: EndpointWishes;
}

/**
 * The networks a container is to be on: the one of its mode first, the others by name, so that interfaces come in the same order
 * at every start.
 *
 * @throws EngineError `not-found`, `invalid` with Docker's texts, `not-implemented` naming the field.
 */
export function planEndpoints(
  registry: Pick<NetworkRegistry, "find">,
  mode: string,
  settings: Readonly<Record<string, EndpointSettings>>,
): PlannedEndpoint[] {
  const main = registry.find(mode);
  const byNetwork = new Map<Network, EndpointSettings>([[main, {}]]);
  for (const [term, wanted] of Object.entries(settings)) byNetwork.set(registry.find(term === "default" ? "bridge" : term), wanted);
  if (main.driver !== "bridge" && byNetwork.size > 1) {
    throw new EngineError("invalid", `conflicting options: cannot attach both network ${main.name} and another network`);
  }
  const [first, ...others] = [...byNetwork].map(([network, wanted]) => planEndpoint(network, wanted));
  others.sort((one, other) => (one.network.name < other.network.name ? -1 : 1));
  return first === undefined ? others : [first, ...others];
}

export function planEndpoint(network: Network, settings: EndpointSettings): PlannedEndpoint {
  refuseWhatIsMissing(settings);
  const userDefined = !isPredefined(network.name);
  const address = given(settings.IPAMConfig?.IPv4Address);
  if (address !== undefined && !userDefined) {
    throw invalid("user-specified IP address is supported on user-defined networks only");
  }
  if (listed(settings.Aliases)) {
    if (!userDefined) throw invalid("network-scoped aliases are only supported for user-defined networks");
    throw missing("Aliases", "names on networks need the embedded DNS server");
  }
  return {
    network,
    address,
    mac: macOf(settings),
    wishes: { ipam: settings.IPAMConfig, driverOptions: settings.DriverOpts, gatewayPriority: settings.GwPriority ?? 0 },
  };
}

function refuseWhatIsMissing({ Links, IPAMConfig, DriverOpts }: EndpointSettings): void {
  if (listed(Links)) throw missing("Links", "names on networks need the embedded DNS server");
  if (given(IPAMConfig?.IPv6Address) !== undefined) throw missing("IPAMConfig.IPv6Address", "there is no IPv6");
  if (listed(IPAMConfig?.LinkLocalIPs)) throw missing("IPAMConfig.LinkLocalIPs", "an interface has one address");
  const [option] = Object.keys(DriverOpts ?? {});
  if (option !== undefined) throw missing("DriverOpts", `${option} is not known`);
}

function macOf({ MacAddress }: EndpointSettings): string | undefined {
  const mac = given(MacAddress)?.replaceAll("-", ":").toLowerCase();
  if (mac !== undefined && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) throw new EngineError("invalid", `invalid MAC address: ${mac}`);
  return mac;
}

/** A candidate for the way out. */
interface Way {
  readonly network: Pick<Network, "name" | "driver" | "internal">;
  readonly wishes: EndpointWishes;
}

/**
 * Which network the default route and the published ports go through: the one of highest priority, of equals the first by name.
 * Undefined when every network is internal.
 */
export function chooseGateway<T extends Way>(endpoints: readonly T[]): T | undefined {
  const [best] = endpoints
    .filter(({ network }) => network.driver === "bridge" && !network.internal)
    .toSorted(
      (one, other) => other.wishes.gatewayPriority - one.wishes.gatewayPriority || (one.network.name < other.network.name ? -1 : 1),
    );
  return best;
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function listed(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

function invalid(reason: string): EngineError {
  return new EngineError("invalid", `invalid endpoint settings:\n${reason}`);
}

function missing(field: string, reason: string): EngineError {
  return new EngineError("not-implemented", `endpoint setting ${field} is not implemented: ${reason}`);
}
