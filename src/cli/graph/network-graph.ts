import type { ContainerSummary, NetworkInspect, PortSummary } from "#spec/docker-api/types.ts";

/** Networks and who is on them, ready to be drawn. */
export interface NetworkGraph {
  readonly networks: readonly GraphNetwork[];
  readonly containers: readonly GraphContainer[];
  /** By the names of both. */
  readonly links: readonly GraphLink[];
}

export interface GraphNetwork {
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly subnets: readonly string[];
}

export interface GraphContainer {
  readonly name: string;
  readonly image: string;
  /** `0.0.0.0:8080->80/tcp`. */
  readonly ports: readonly string[];
}

export interface GraphLink {
  readonly network: string;
  readonly container: string;
  /** Empty where the network gives none. */
  readonly addresses: readonly string[];
}

/** @param running containers that run: others are on no network. */
export function networkGraph(networks: readonly NetworkInspect[], running: readonly ContainerSummary[]): NetworkGraph {
  const shown = new Set(networks.map(({ Name }) => Name));
  const links = running.flatMap((container) =>
    Object.entries(container.NetworkSettings?.Networks ?? {})
      .filter(([network]) => shown.has(network))
      .map(([network, { IPAddress, GlobalIPv6Address }]) => ({
        network,
        container: nameOf(container),
        addresses: [IPAddress, GlobalIPv6Address].flatMap((address) => address || []),
      })),
  );
  const linked = new Set(links.map(({ container }) => container));
  return {
    networks: networks.map(graphNetwork).toSorted(byName),
    containers: running
      .map(graphContainer)
      .filter(({ name }) => linked.has(name))
      .toSorted(byName),
    links,
  };
}

function graphNetwork({ Name = "", Driver = "", Internal = false, IPAM }: NetworkInspect): GraphNetwork {
  const subnets = (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []);
  return { name: Name, driver: Driver, internal: Internal, subnets };
}

function graphContainer(container: ContainerSummary): GraphContainer {
  const published = (container.Ports ?? []).filter(({ PublicPort }) => PublicPort !== undefined && PublicPort !== 0);
  return { name: nameOf(container), image: container.Image ?? "", ports: [...new Set(published.map(portText))].toSorted() };
}

function portText({ IP = "", PublicPort, PrivatePort, Type }: PortSummary): string {
  const host = IP.includes(":") ? `[${IP}]` : IP;
  return `${host}:${PublicPort}->${PrivatePort}/${Type}`;
}

function nameOf({ Names = [], Id = "" }: ContainerSummary): string {
  return (Names[0] ?? Id.slice(0, 12)).replace(/^\//, "");
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
