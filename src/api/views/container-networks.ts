import type { Container } from "#container/record/container.ts";
import type { NetworkSandbox } from "#container/ports.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";

type Nullable<T> = { [K in keyof T]-?: NonNullable<T[K]> | null };

/**
 * Every field there is, as Go writes them: what is absent is null, empty or zero by its type. What the provider leaves out is the
 * user's to say.
 */
function endpointView(settings: EndpointSettings, asked: EndpointSettings): Nullable<EndpointSettings> {
  return {
    IPAMConfig: settings.IPAMConfig ?? asked.IPAMConfig ?? null,
    Links: settings.Links ?? asked.Links ?? null,
    Aliases: settings.Aliases ?? asked.Aliases ?? null,
    MacAddress: settings.MacAddress ?? asked.MacAddress ?? "",
    DriverOpts: settings.DriverOpts ?? asked.DriverOpts ?? null,
    GwPriority: settings.GwPriority ?? asked.GwPriority ?? 0,
    NetworkID: settings.NetworkID ?? asked.NetworkID ?? "",
    EndpointID: settings.EndpointID ?? asked.EndpointID ?? "",
    Gateway: settings.Gateway ?? asked.Gateway ?? "",
    IPAddress: settings.IPAddress ?? asked.IPAddress ?? "",
    IPPrefixLen: settings.IPPrefixLen ?? asked.IPPrefixLen ?? 0,
    IPv6Gateway: settings.IPv6Gateway ?? asked.IPv6Gateway ?? "",
    GlobalIPv6Address: settings.GlobalIPv6Address ?? asked.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: settings.GlobalIPv6PrefixLen ?? asked.GlobalIPv6PrefixLen ?? 0,
    DNSNames: settings.DNSNames ?? asked.DNSNames ?? null,
  };
}

const NOTHING: EndpointSettings = {};

/** Networks that have no names of containers. */
const NAMELESS = new Set(["bridge", "host", "none"]);
const SHORT_ID = 12;

/** What a running container is called on a network of the user's own. */
function dnsNames({ id, name, config }: Container, { Aliases = [] }: EndpointSettings): string[] {
  return [...new Set([name, ...Aliases, id.slice(0, SHORT_ID), config.Hostname ?? ""])].filter((text) => text !== "");
}

/** By network: what a running container has, else what its user asked for. One that joins another's network has none of its own. */
export function networksView(container: Container, sandbox: NetworkSandbox | undefined): Record<string, Nullable<EndpointSettings>> {
  if (sandbox === undefined) {
    return mapNetworks(container.endpoints, (settings) => endpointView(settings, NOTHING));
  }
  return mapNetworks(sandbox.endpoints, (settings, network) => {
    const asked = askedOf(container.endpoints, network, settings);
    const names = NAMELESS.has(network) ? {} : { DNSNames: dnsNames(container, asked) };
    return endpointView({ ...settings, ...names }, asked);
  });
}

function mapNetworks<T>(
  endpoints: Readonly<Record<string, EndpointSettings>>,
  view: (settings: EndpointSettings, network: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(endpoints).map(([network, settings]) => [network, view(settings, network)]));
}

/** In a list: without what names the container. */
export function summaryNetworks(container: Container, sandbox: NetworkSandbox | undefined): Record<string, Nullable<EndpointSettings>> {
  return mapNetworks(sandbox?.endpoints ?? container.endpoints, (settings, network) => ({
    ...endpointView(settings, sandbox === undefined ? NOTHING : askedOf(container.endpoints, network, settings)),
    Links: null,
    Aliases: null,
    DriverOpts: null,
    DNSNames: null,
  }));
}

/** It may have been asked for by name or by id. */
function askedOf(asked: Container["endpoints"], network: string, { NetworkID = "" }: EndpointSettings): EndpointSettings {
  const key = [network, NetworkID].find((name) => Object.hasOwn(asked, name));
  return (key === undefined ? undefined : asked[key]) ?? NOTHING;
}

/** The endpoint that the fields of before 1.21 show: the default bridge's. */
export function legacyEndpoint(container: Container, sandbox: NetworkSandbox | undefined): EndpointSettings {
  return (container.hostConfig.NetworkMode === "bridge" && sandbox?.endpoints["bridge"]) || {};
}
