import type { EndpointSettings, PortMap } from "#spec/docker-api/types.ts";
import type { NetworkRate } from "#spec/network/rate.ts";
import type { WantedLink } from "#spec/network/link.ts";

/** What a container asks of the network: structurally `NetworkRequest` of container/ports.ts, where it is explained. */
export interface NetworkRequest {
  readonly containerId: string;
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly exposedPorts: readonly string[];
  readonly portBindings: PortMap;
  readonly publishAllPorts: boolean;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly extraHosts: readonly string[];
  readonly namespace?: string | undefined;
  readonly rate: NetworkRate | undefined;
  readonly links: readonly WantedLink[];
  readonly namesOnDefaultNetwork: boolean;
  readonly refusesIpv6?: boolean | undefined;
}
