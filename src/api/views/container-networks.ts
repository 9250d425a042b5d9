import type { Container } from "#container/container.ts";
import type { NetworkSandbox } from "#container/ports.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";

type Nullable<T> = { [K in keyof T]-?: NonNullable<T[K]> | null };

/** Every field there is, as Go writes them: what is absent is null, empty or zero by its type. */
function endpointView(endpoint: EndpointSettings): Nullable<EndpointSettings> {
  return {
    IPAMConfig: endpoint.IPAMConfig ?? null,
    Links: endpoint.Links ?? null,
    Aliases: endpoint.Aliases ?? null,
    MacAddress: endpoint.MacAddress ?? "",
    DriverOpts: endpoint.DriverOpts ?? null,
    GwPriority: endpoint.GwPriority ?? 0,
    NetworkID: endpoint.NetworkID ?? "",
    EndpointID: endpoint.EndpointID ?? "",
    Gateway: endpoint.Gateway ?? "",
    IPAddress: endpoint.IPAddress ?? "",
    IPPrefixLen: endpoint.IPPrefixLen ?? 0,
    IPv6Gateway: endpoint.IPv6Gateway ?? "",
    GlobalIPv6Address: endpoint.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: endpoint.GlobalIPv6PrefixLen ?? 0,
    DNSNames: endpoint.DNSNames ?? null,
  };
}

/** By network: what a running container has, else what its user asked for. One that joins another's network has none of its own. */
export function networksView({ endpoints }: Container, sandbox: NetworkSandbox | undefined): Record<string, Nullable<EndpointSettings>> {
  const shown = sandbox === undefined ? Object.entries(endpoints) : runningEndpoints(endpoints, sandbox);
  return Object.fromEntries(shown.map(([network, settings]) => [network, endpointView(settings)]));
}

/** It may have been asked for by name or by id. */
function runningEndpoints(asked: Container["endpoints"], sandbox: NetworkSandbox): [string, EndpointSettings][] {
  return Object.entries(sandbox.endpoints).map(([network, settings]) => {
    const key = [network, settings.NetworkID ?? ""].find((name) => Object.hasOwn(asked, name)) ?? "";
    return [network, { ...(key === "" ? {} : asked[key]), ...withoutAbsent(settings) }];
  });
}

/** What the provider leaves out is the user's to say. */
function withoutAbsent(settings: EndpointSettings): EndpointSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** The endpoint that the fields of before 1.21 show: the default bridge's. */
export function legacyEndpoint(container: Container, sandbox: NetworkSandbox | undefined): EndpointSettings {
  return (container.hostConfig.NetworkMode === "bridge" && sandbox?.endpoints["bridge"]) || {};
}
