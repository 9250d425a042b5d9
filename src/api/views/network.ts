import { jsonNumber } from "#lib/json/number.ts";
import type { InspectedNetwork, NetworkState } from "#network/list.ts";
import type { Ipam, Network } from "#network/record/network.ts";
import type { EndpointResource, IPAM, IPAMConfig, NetworkInspect, SubnetStatus } from "#spec/docker-api/types.ts";

/** A network in a list: maps are there and empty, which clients iterate over without a look. */
export function networkSummary({ network }: NetworkState): NetworkInspect {
  return viewOf(network, {});
}

/** A network with the running containers that are on it, and what there is left of its addresses. */
export function networkInspect({ network, containers, usage }: InspectedNetwork): NetworkInspect {
  const view = viewOf(network, Object.fromEntries(containers.map(({ id, name, endpoint }) => [id, resourceOf(name, endpoint)])));
  return { ...view, Status: { IPAM: { Subnets: Object.fromEntries(Object.entries(usage).map(statusOf)) } } };
}

function statusOf([subnet, { inUse, available }]: [string, InspectedNetwork["usage"][string]]): [string, SubnetStatus] {
  return [subnet, { IPsInUse: countOf(inUse), DynamicIPsAvailable: countOf(available) }];
}

/** The most that 64 bits hold. */
const MOST = 2n ** 64n - 1n;

function countOf(value: bigint): number {
  // Written with all its digits, which a number of JavaScript's has not.
  return jsonNumber(value > MOST ? MOST : value) as number;
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
