import type { PortMap } from "#spec/docker-api/types.ts";
import { networkRateOf } from "#spec/network/rate.ts";
import type { Container } from "../record/container.ts";
import { parseKeptLink } from "../links/link.ts";
import type { NetworkRequest } from "../ports.ts";

/** What a container asks of the network. Not for `container:X`, which joins another's. */
export function networkRequest(container: Omit<Container, "state" | "mounts">): NetworkRequest {
  const { config, hostConfig } = container;
  return {
    containerId: container.id,
    name: container.name,
    hostname: config.Hostname ?? "",
    domainname: config.Domainname ?? "",
    mode: config.NetworkDisabled === true ? "none" : networkModeOf(hostConfig.NetworkMode),
    // Without a network there is none of those that were asked for either.
    endpoints: config.NetworkDisabled === true ? {} : container.endpoints,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).map(withProtocol),
    portBindings: bindingsOf(hostConfig.PortBindings),
    publishAllPorts: hostConfig.PublishAllPorts ?? false,
    dns: hostConfig.Dns ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    extraHosts: hostConfig.ExtraHosts ?? [],
    rate: networkRateOf(config.Labels),
    links: linksOf(hostConfig.Links),
    namesOnDefaultNetwork: config.Labels?.[DEFAULT_NETWORK_NAMES] !== "false",
    refusesIpv6: IPV6_SWITCHES.some((name) => hostConfig.Sysctls?.[name] === "1"),
  };
}

/** A label by which one container keeps to Docker's rule. */
const DEFAULT_NETWORK_NAMES = "dhow.default-network-names";
const SHORT_ID = 12;
/** Programs that tunnel IPv4 alone are run with one of these, so that nothing leaves beside the tunnel. */
const IPV6_SWITCHES = ["net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"];

/** By id as long as the container that was meant is there, else by the name that another may have taken. */
function linksOf(links: readonly string[] | undefined): NetworkRequest["links"] {
  return (links ?? []).map(parseKeptLink).flatMap(({ id, name, alias }) => [
    { name: id.slice(0, SHORT_ID), alias },
    { name, alias },
  ]);
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
