import { EngineError } from "#errors/engine-error.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { parseLink } from "#spec/network/link.ts";
import { interfaceNameOf, interfaceSysctlsOf, knownDriverOptions, problemsOf } from "./endpoint-options.ts";
import { hasInterfaces, type Network } from "../record/network.ts";
import { OPTION } from "../record/network-options.ts";
import type { NetworkRegistry } from "../record/registry.ts";
import type { EndpointWishes } from "./sandbox.ts";

/** An endpoint that is to be. */
export interface PlannedEndpoint {
  readonly network: Network;
  readonly address: string | undefined;
  readonly address6: string | undefined;
  readonly linkLocal: readonly string[];
  readonly mac: string | undefined;
  /** Of the interface inside, where the user chose one. */
  readonly name: string | undefined;
  /** Below /proc/sys, with `IFNAME` for the interface's name. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly wishes: EndpointWishes;
  /** No address of IPv6, though the network has it. */
  readonly refusesIpv6?: boolean | undefined;
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
  if (!hasInterfaces(main) && byNetwork.size > 1) {
    throw new EngineError("invalid", `conflicting options: cannot attach both network ${main.name} and another network`);
  }
  const [first, ...others] = [...byNetwork].map(([network, wanted]) => planEndpoint(network, wanted));
  others.sort((one, other) => (one.network.name < other.network.name ? -1 : 1));
  const planned = first === undefined ? others : [first, ...others];
  interfaceNames(planned);
  return planned;
}

/** @throws EngineError `invalid` with Docker's texts, `forbidden` for a configuration, `not-implemented` naming the field. */
export function planEndpoint(network: Network, settings: EndpointSettings): PlannedEndpoint {
  if (network.configuration !== undefined) throw new EngineError("forbidden", "cannot create endpoint on configuration-only network");
  refuseWhatIsMissing(settings);
  refuseWhatIsWrong(network, settings);
  return {
    network,
    address: given(settings.IPAMConfig?.IPv4Address),
    address6: given(settings.IPAMConfig?.IPv6Address),
    linkLocal: settings.IPAMConfig?.LinkLocalIPs ?? [],
    mac: macOf(settings),
    name: interfaceNameOf(settings),
    sysctls: interfaceSysctlsOf(settings),
    wishes: wishesOf(settings),
  };
}

/** For a container that has IPv6 turned off. @throws EngineError `invalid` where an address of it is asked for. */
export function withoutIpv6(plan: PlannedEndpoint): PlannedEndpoint {
  if (plan.address6 === undefined) return { ...plan, refusesIpv6: true };
  throw new EngineError("invalid", `IPv6 address ${plan.address6} for a container whose sysctls turn IPv6 off`);
}

function wishesOf({ IPAMConfig, DriverOpts, GwPriority = 0, Aliases = [], Links = [] }: EndpointSettings): EndpointWishes {
  return { ipam: IPAMConfig, driverOptions: DriverOpts, gatewayPriority: GwPriority, aliases: Aliases, links: Links.map(parseLink) };
}

function refuseWhatIsMissing({ DriverOpts }: EndpointSettings): void {
  const option = Object.keys(DriverOpts ?? {}).find((name) => !knownDriverOptions.includes(name));
  if (option !== undefined) throw missing("DriverOpts", `${option} is not known`);
}

function refuseWhatIsWrong(network: Network, settings: EndpointSettings): void {
  const prefix = `invalid config for network ${network.name}: `;
  const mac = given(settings.MacAddress);
  if (mac !== undefined && !isMacAddress(mac)) throw new EngineError("invalid", `${prefix}invalid MAC address ${mac}`);
  const problems = problemsOf(network, settings);
  if (problems.length === 0) return;
  const text = problems.length === 1 ? problems[0] : problems.map((problem) => `* ${problem}`).join("\n");
  throw new EngineError("invalid", `${prefix}invalid endpoint settings:\n${text}`);
}

function isMacAddress(text: string): boolean {
  return /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text);
}

function macOf({ MacAddress }: EndpointSettings): string | undefined {
  return given(MacAddress)?.replaceAll("-", ":").toLowerCase();
}

/**
 * The names of their interfaces inside: those that users chose, and for the others, in order, `eth0`, `eth1` …, or what their network
 * has in place of `eth`. @throws EngineError
 */
export function interfaceNames(planned: readonly Named[], taken: readonly string[] = []): string[] {
  const used = new Set(taken);
  for (const { name } of planned) {
    if (name === undefined) continue;
    if (used.has(name)) throw new EngineError("invalid", `conflicting options: two interfaces named ${name}`);
    used.add(name);
  }
  return planned.map(({ name, network }) => {
    if (name !== undefined) return name;
    const prefix = network.options[OPTION.interfacePrefix] ?? "eth";
    let index = 0;
    while (used.has(`${prefix}${index}`)) index += 1;
    used.add(`${prefix}${index}`);
    return `${prefix}${index}`;
  });
}

interface Named {
  readonly name: string | undefined;
  readonly network: Pick<Network, "options">;
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
    .filter(({ network }) => hasInterfaces(network) && !network.internal)
    .toSorted(
      (one, other) => other.wishes.gatewayPriority - one.wishes.gatewayPriority || (one.network.name < other.network.name ? -1 : 1),
    );
  return best;
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function missing(field: string, reason: string): EngineError {
  return new EngineError("not-implemented", `endpoint setting ${field} is not implemented: ${reason}`);
}
