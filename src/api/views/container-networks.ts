import type { Container } from "#container/container.ts";
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

/** By network: what a running container has, else what its user asked for. One that joins another's network has none of its own. */
export function networksView({ endpoints }: Container, sandbox: NetworkSandbox | undefined): Record<string, Nullable<EndpointSettings>> {
  const asked = (network: string, settings: EndpointSettings): EndpointSettings =>
    sandbox === undefined ? NOTHING : askedOf(endpoints, network, settings);
  return Object.fromEntries(
    Object.entries(sandbox?.endpoints ?? endpoints).map(([network, settings]) => [
      network,
      endpointView(settings, asked(network, settings)),
    ]),
  );
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
