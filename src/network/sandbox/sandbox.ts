import type { EndpointIPAMConfig, EndpointSettings } from "#spec/docker-api/types.ts";
import type { NetworkRate } from "#spec/network/rate.ts";
import type { WantedLink } from "#spec/network/link.ts";
import type { Publication } from "../firewall/plan.ts";
import type { HostsEntry } from "../name-files/hosts-file.ts";
import type { PublishedPort } from "../published/port-allocator.ts";

/** A container's place in one network. */
export interface Endpoint {
  readonly id: string;
  readonly networkId: string;
  readonly network: string;
  /** What the user asked for, to be shown again. */
  readonly wishes: EndpointWishes;
  /** Undefined where the driver makes no interface. */
  readonly link: EndpointLink | undefined;
}

export interface EndpointWishes {
  readonly ipam: EndpointIPAMConfig | undefined;
  readonly driverOptions: Readonly<Record<string, string>> | undefined;
  readonly gatewayPriority: number;
  /** Other names of the container on this network. */
  readonly aliases: readonly string[];
  /** Names that others have for this container alone. */
  readonly links: readonly WantedLink[];
}

/** One address of an endpoint. */
export interface LinkAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** The network's gateway; undefined on an internal network. */
  readonly gateway: string | undefined;
}

export interface EndpointLink extends LinkAddress {
  /** The bridge, or the interface of the host that this one shares. */
  readonly bridge: string;
  /** The host's end; undefined where the whole interface is inside. */
  readonly hostName: string | undefined;
  /** The name inside: `eth0`. */
  readonly name: string;
  readonly mac: string;
  /** That of the interface which it shares, without. */
  readonly mtu: number | undefined;
  /** What is outside is reached without a router. */
  readonly direct?: boolean | undefined;
  /** Undefined on a network without IPv6. */
  readonly ipv6?: LinkAddress | undefined;
  /** More addresses, which are nobody else's business: link-local ones. */
  readonly linkLocal?: readonly string[] | undefined;
  /** Keeps it from its neighbours on the bridge. */
  readonly isolated?: boolean | undefined;
  /** Below /proc/sys, the interface's name in place. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
}

/**
 * A container's network for one run. `prepared`: addresses and host ports are its own, the namespace is there. `connected`: it has
 * its interfaces, and its ports are published. `leaving`: the run is over, its ports are free, and the kernel is taking the rest
 * away, while the container's next run may have a sandbox already.
 */
export interface Sandbox {
  readonly id: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly phase: "prepared" | "connected" | "leaving";
  /** Path of the namespace; undefined for the host's own. */
  readonly netns: string | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Id of the endpoint that the default route and the published ports go through. */
  readonly gatewayEndpoint: string | undefined;
  readonly ports: readonly PublishedPort[];
  /** Keys of ports that are exposed and not published. */
  readonly exposed: readonly string[];
  readonly files: { readonly hosts: string; readonly resolvConf: string };
  /** What was asked for, also where it is nothing any more; undefined where it never was. */
  readonly rate?: NetworkRate | undefined;
  readonly names: SandboxNames;
  /** It gets no IPv6 address, also on networks that it comes to later. */
  readonly refusesIpv6?: boolean | undefined;
}

/** What the embedded name server knows of a container beside its endpoints, and how its files are made. */
export interface SandboxNames {
  /** Whether its programs ask the embedded server, at 127.0.0.11. */
  readonly embedded: boolean;
  /** False where names are for networks of users' own, which is Docker's rule. */
  readonly onDefaultNetwork: boolean;
  readonly hostname: string;
  readonly domainname: string;
  /** Of `--dns`; without any, those of the daemon's configuration or the host. */
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** Of `--add-host`. */
  readonly extraHosts: readonly HostsEntry[];
}

/** What the provider hands to the container, the same object as long as nothing changes: structurally `NetworkSandbox` of container/ports.ts. */
export interface SandboxView {
  readonly netns: string | undefined;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly ports: Readonly<Record<string, { HostIp: string; HostPort: string }[] | null>>;
  readonly files: Sandbox["files"];
}

export function viewOf(sandbox: Sandbox): SandboxView {
  const known = views.get(sandbox);
  if (known !== undefined) return known;
  const view = makeView(sandbox);
  views.set(sandbox, view);
  return view;
}

const views = new WeakMap<Sandbox, SandboxView>();

function makeView(sandbox: Sandbox): SandboxView {
  return {
    netns: sandbox.netns,
    endpoints: Object.fromEntries(sandbox.endpoints.map((endpoint) => [endpoint.network, settingsOf(endpoint)])),
    ports: shownPorts(sandbox),
    files: sandbox.files,
  };
}

/** An endpoint as inspect shows it. */
export function settingsOf({ id, networkId, wishes, link }: Endpoint): EndpointSettings {
  return {
    IPAMConfig: wishes.ipam,
    DriverOpts: wishes.driverOptions,
    GwPriority: wishes.gatewayPriority,
    NetworkID: networkId,
    EndpointID: id,
    MacAddress: link?.mac ?? "",
    Gateway: link?.gateway ?? "",
    IPAddress: link?.address ?? "",
    IPPrefixLen: link?.prefixLength ?? 0,
    IPv6Gateway: link?.ipv6?.gateway ?? "",
    GlobalIPv6Address: link?.ipv6?.address ?? "",
    GlobalIPv6PrefixLen: link?.ipv6?.prefixLength ?? 0,
  };
}

/** A port is published as long as there is an endpoint that it leads to. */
function shownPorts({ ports, exposed, gatewayEndpoint }: Sandbox): SandboxView["ports"] {
  const keys = [...exposed, ...ports.map(({ key }) => key)];
  const shown: Record<string, { HostIp: string; HostPort: string }[] | null> = Object.fromEntries(keys.map((key) => [key, null]));
  if (gatewayEndpoint === undefined) return shown;
  for (const port of ports) (shown[port.key] ??= []).push(bindingOf(port));
  return shown;
}

/** Where no port of the host leads, it has none. */
export function bindingOf({ hostIp, hostPort }: Pick<PublishedPort, "hostIp" | "hostPort">): { HostIp: string; HostPort: string } {
  return { HostIp: hostIp, HostPort: hostPort === 0 ? "" : String(hostPort) };
}

/** Its addresses of both families. */
export function addressesOf({ address, ipv6 }: Pick<EndpointLink, "address" | "ipv6">): readonly string[] {
  return ipv6 === undefined ? [address] : [address, ipv6.address];
}

/** The packet filter's side of the published ports: each leads to the address of its own family. */
export function publicationsOf(sandbox: Sandbox): Publication[] {
  const link = sandbox.endpoints.find(({ id }) => id === sandbox.gatewayEndpoint)?.link;
  if (link === undefined) return [];
  return sandbox.ports.flatMap(({ protocol, hostIp, hostPort, port }) => {
    const address = hostIp.includes(":") ? link.ipv6?.address : link.address;
    return address === undefined ? [] : [{ protocol, hostIp, hostPort, address, port }];
  });
}
