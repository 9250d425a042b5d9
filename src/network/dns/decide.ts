import { contains, parseAddress, parseSubnet } from "../addresses/ip.ts";
import { isPredefined, type Network, subnetsOf } from "../record/network.ts";
import { isLoopbackServer } from "../name-files/resolv-conf.ts";
import type { Endpoint, Sandbox } from "../sandbox/sandbox.ts";
import { addressData, addressOfReverseName, isReverseName } from "./address-data.ts";
import { CLASS_IN, encodeName, type OwnRecord, type Question, RCODE, TYPE } from "./message.ts";
import type { Upstream } from "./upstream.ts";
import type { NamedAddresses, Zone } from "./zone.ts";

/** Seconds. Short: a container that comes back under its name has another address, and programs such as nginx keep what they are told. */
const OWN_TTL = 5;

/** What is to be said to a question, and why. */
export type Decision = OwnDecision | { readonly kind: "forward"; readonly servers: readonly Upstream[] };

interface OwnDecision {
  readonly kind: "own";
  readonly rcode: number;
  readonly records: readonly OwnRecord[];
  readonly why: Why;
}

/** Where an answer comes from. */
export interface Why {
  readonly source: "localhost" | "extra-host" | "link" | "network" | "reverse" | "other-network" | "isolated" | "unsupported";
  readonly network?: string;
  readonly kind?: NamedAddresses["kind"];
}

export interface DecideDeps {
  readonly zone: Pick<Zone, "find" | "nameOf" | "isKnown">;
  readonly network: (id: string) => Network | undefined;
  /** Servers of containers whose users named none. */
  readonly servers: () => readonly string[];
}

/** Decides about a question of one container. Pure but for the rotation of addresses. */
export function decide(deps: DecideDeps, asker: Sandbox, question: Question): Decision {
  if (question.class !== CLASS_IN || question.type === TYPE.AXFR || question.type === TYPE.IXFR) {
    return own(RCODE.refused, [], { source: "unsupported" });
  }
  if (isReverseName(question.name)) return reverse(deps, asker, question) ?? otherwise(deps, asker, question);
  const found = lookUp(deps, asker, question.name);
  if (found === undefined) return otherwise(deps, asker, question);
  // A name that is known has no records of other kinds: nobody else is asked for them.
  const records = found.addresses.map(addressRecord).filter(({ type }) => type === question.type || question.type === TYPE.ANY);
  return own(RCODE.success, records, found.why);
}

interface Found {
  readonly addresses: readonly string[];
  readonly why: Why;
}

function lookUp(deps: DecideDeps, asker: Sandbox, name: string): Found | undefined {
  if (name === "localhost" || name.endsWith(".localhost")) return { addresses: loopbacksOf(asker), why: { source: "localhost" } };
  const extra = asker.names.extraHosts.filter(({ names }) => names.toLowerCase() === name).map(({ address }) => address);
  if (extra.length > 0) return { addresses: extra, why: { source: "extra-host" } };
  const endpoints = endpointsOf(asker);
  return linked(deps, endpoints, name) ?? onNetworks(deps, endpoints, name);
}

/** A namespace has IPv6's loopback where one of its networks has IPv6. */
function loopbacksOf({ endpoints }: Sandbox): string[] {
  return endpoints.some(({ link }) => link?.ipv6 !== undefined) ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

/** The one that its way out leads over first; where it keeps to Docker's rule, without the default network, which has no names there. */
function endpointsOf({ endpoints, gatewayEndpoint, names }: Sandbox): Endpoint[] {
  const named = endpoints.filter(({ network }) => names.onDefaultNetwork || !isPredefined(network));
  if (named.length < 2) return named;
  return [...named.filter(({ id }) => id === gatewayEndpoint), ...named.filter(({ id }) => id !== gatewayEndpoint)];
}

function linked({ zone }: DecideDeps, endpoints: readonly Endpoint[], name: string): Found | undefined {
  for (const { wishes, networkId, network } of endpoints) {
    for (const link of wishes.links) {
      const addresses = link.alias.toLowerCase() === name ? zone.find(networkId, link.name.toLowerCase())?.addresses : undefined;
      if (addresses !== undefined) return { addresses, why: { source: "link", network } };
    }
  }
  return undefined;
}

function onNetworks({ zone }: DecideDeps, endpoints: readonly Endpoint[], name: string): Found | undefined {
  for (const { networkId, network } of endpoints) {
    const suffix = `.${network.toLowerCase()}`;
    const found = zone.find(networkId, name) ?? (name.endsWith(suffix) ? zone.find(networkId, name.slice(0, -suffix.length)) : undefined);
    if (found !== undefined) return { addresses: found.addresses, why: { source: "network", network, kind: found.kind } };
  }
  return undefined;
}

/** Of addresses: those of containers on its networks, and nobody outside is asked about the others there. */
function reverse({ zone, network }: DecideDeps, asker: Sandbox, { name, type }: Question): OwnDecision | undefined {
  const address = addressOfReverseName(name);
  const why: Why = { source: "reverse" };
  const answer = (target: string): OwnDecision => {
    const data = encodeName(target);
    return own(RCODE.success, data !== undefined && type === TYPE.PTR ? [{ type: TYPE.PTR, ttl: OWN_TTL, data }] : [], why);
  };
  if (address === undefined) return undefined;
  if (address === "::1") return answer("localhost");
  if (address.startsWith("127.")) return address === "127.0.0.1" ? answer("localhost") : own(RCODE.noSuchName, [], why);
  for (const endpoint of endpointsOf(asker)) {
    const container = zone.nameOf(endpoint.networkId, address);
    if (container !== undefined) return answer(`${container}.${endpoint.network}`);
  }
  const isOurs = asker.endpoints.some(({ networkId }) => isWithin(network(networkId), address));
  return isOurs ? own(RCODE.noSuchName, [], why) : undefined;
}

function isWithin(network: Network | undefined, address: string): boolean {
  const parsed = parseAddress(address);
  const subnets = network === undefined ? [] : subnetsOf(network).flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
  return parsed !== undefined && subnets.some((subnet) => contains(subnet, parsed));
}

/** What no container of its networks is called. */
function otherwise(deps: DecideDeps, asker: Sandbox, { name }: Question): Decision {
  // The name of a container elsewhere is nobody's business outside, where it might even resolve to something.
  if (!name.includes(".") && deps.zone.isKnown(name)) return own(RCODE.noSuchName, [], { source: "other-network" });
  const servers = serversOf(deps, asker);
  return servers.length > 0 ? { kind: "forward", servers } : own(RCODE.noSuchName, [], { source: "isolated" });
}

/**
 * Servers are asked from the host, but those that a user put on loopback: they are the container's own. Where every network is
 * internal nothing leaves, not even a question.
 */
function serversOf(deps: DecideDeps, { names, netns, gatewayEndpoint }: Sandbox): Upstream[] {
  if (names.servers.length === 0) {
    return gatewayEndpoint === undefined ? [] : deps.servers().map((address) => ({ address, namespace: undefined }));
  }
  const servers = names.servers.map((address) => ({ address, namespace: isLoopbackServer(address) ? netns : undefined }));
  return gatewayEndpoint === undefined ? servers.filter(({ namespace }) => namespace !== undefined) : servers;
}

function addressRecord(address: string): OwnRecord {
  const data = addressData(address);
  return { type: data.length === 4 ? TYPE.A : TYPE.AAAA, ttl: OWN_TTL, data };
}

function own(rcode: number, records: readonly OwnRecord[], why: Why): OwnDecision {
  return { kind: "own", rcode, records, why };
}
