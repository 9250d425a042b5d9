import type { NetworkState } from "#network/list.ts";
import type { Ipam, Network } from "#network/record/network.ts";
import type { EndpointResource, IPAM, IPAMConfig, NetworkInspect } from "#spec/docker-api/types.ts";

/** A network in a list: maps are there and empty, which clients iterate over without a look. */
export function networkSummary({ network }: NetworkState): NetworkInspect {
  return viewOf(network, {});
}

/** A network with the running containers that are on it. */
export function networkInspect({ network, containers }: NetworkState): NetworkInspect {
  return viewOf(network, Object.fromEntries(containers.map(({ id, name, endpoint }) => [id, resourceOf(name, endpoint)])));
}

function viewOf(network: Network, containers: Record<string, EndpointResource>): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: network.ipam !== undefined || network.configuration !== undefined,
    EnableIPv6: network.ipam6 !== undefined || network.configuration?.EnableIPv6 === true,
    IPAM: ipamOf(network),
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? "" },
    ConfigOnly: network.configuration !== undefined,
    Containers: containers,
    Options: network.options,
    Labels: network.labels,
  };
}

function ipamOf({ ipam, ipam6, more = [], configuration }: Network): IPAM {
  const given = [ipam, ipam6, ...more].flatMap((one) => (one === undefined ? [] : [configOf(one)]));
  return { Driver: "default", Options: {}, Config: configuration?.IPAM?.Config ?? given };
}

/** What was not asked for is absent, as with Docker. */
function configOf({ subnet, gateway, range, auxiliary }: Ipam): IPAMConfig {
  return {
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(Object.keys(auxiliary).length === 0 ? {} : { AuxiliaryAddresses: auxiliary }),
  };
}

function resourceOf(name: string, { id, link }: NetworkState["containers"][number]["endpoint"]): EndpointResource {
  return {
    Name: name,
    EndpointID: id,
    MacAddress: link?.mac ?? "",
    IPv4Address: link === undefined ? "" : `${link.address}/${link.prefixLength}`,
    IPv6Address: link?.ipv6 === undefined ? "" : `${link.ipv6.address}/${link.ipv6.prefixLength}`,
  };
}
