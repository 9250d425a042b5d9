import type { PortMap } from "#spec/docker-api/types.ts";
import { networkRateOf } from "#spec/network-rate.ts";
import type { Container } from "./container.ts";
import type { NetworkRequest } from "./ports.ts";

/** What a container asks of the network. Not for `container:X`, which joins another's. */
export function networkRequest(container: Omit<Container, "state" | "mounts">): NetworkRequest {
  const { config, hostConfig } = container;
  return {
    containerId: container.id,
    name: container.name,
    hostname: config.Hostname ?? "",
    domainname: config.Domainname ?? "",
    mode: config.NetworkDisabled === true ? "none" : networkModeOf(hostConfig.NetworkMode),
    endpoints: container.endpoints,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).map(withProtocol),
    portBindings: bindingsOf(hostConfig.PortBindings),
    publishAllPorts: hostConfig.PublishAllPorts ?? false,
    dns: hostConfig.Dns ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    extraHosts: hostConfig.ExtraHosts ?? [],
    rate: networkRateOf(config.Labels),
  };
}

/** `default` is the daemon's default network; moby shows it by its name since 26. */
export function networkModeOf(mode: string | undefined): string {
  return mode === undefined || mode === "" || mode === "default" ? "bridge" : mode;
}

/** The other container's reference, for `container:X`. */
export function joinedContainer(mode: string | undefined): string | undefined {
  return mode?.startsWith("container:") === true ? mode.slice("container:".length) : undefined;
}

/** `80` means `80/tcp`. */
function withProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

function bindingsOf(given: PortMap | undefined): PortMap {
  const bindings = Object.create(null) as PortMap;
  for (const [port, targets] of Object.entries(given ?? {})) {
    const key = withProtocol(port);
    const joined = [...(bindings[key] ?? []), ...(targets ?? [])];
    bindings[key] = targets === null && bindings[key] === undefined ? null : joined;
  }
  return bindings;
}
