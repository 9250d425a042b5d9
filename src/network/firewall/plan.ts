import type { Detour } from "#sys/netns/host-network.ts";
import { type Family, familyOf } from "../addresses/ip.ts";
import type { PortProtocol } from "../published/port-spec.ts";
import { detourElements, planDetour, planDetourRemoval } from "./detour.ts";
import { chain, named, quote } from "./nft-text.ts";

/**
 * The packet filter's rules as text, in nft's language: what is decided here is done elsewhere (`firewall.ts`), and the text is
 * checked against golden files.
 *
 * One table of the instance holds everything. Its shape is fixed; networks and published ports are elements of its sets and maps,
 * so that publishing a port is one small transaction whatever else is there. Who may do what:
 *
 * - From outside to a container: only what a published port sent there (`ct status dnat`), and answers. An address of a container
 *   is not reachable from a neighbour of the host, published or not, whatever the neighbour's routes.
 * - 127.0.0.0/8 never comes from a container (route_localnet is on for our bridges, which would let it: CVE-2020-8558), and a
 *   port published on a loopback address is looked up in the output hook alone, where nothing from the wire passes.
 * - Between containers of one bridge: everything, unless its ports are isolated from each other (`icc`): then what would go around by
 *   way of the host is dropped here. Between bridges: nothing but published ports.
 * - Where an administrator opened a network (`open`, `trustedInterfaces`), its containers' own addresses are reached from outside;
 *   where one is routed (`routed`), at its published ports, and by ICMP, which tells senders of packets that are too large.
 * - An internal network reaches nobody, the host's own ports included.
 *
 * An accept in our table does not undo a drop in another (`foreign-chains.ts`), and a drop in another table is final: the host's
 * own rules for containers belong into a table of the administrator's own, with a chain on the forward hook.
 */
export interface BridgeRules {
  readonly bridge: string;
  readonly subnets: readonly BridgeSubnet[];
  readonly internal: boolean;
  /** Whether its containers reach each other; true without. */
  readonly icc?: boolean | undefined;
  /** Families in which its containers are reached by their own addresses, published or not. */
  readonly open?: readonly Family[] | undefined;
  /** Families in which they are reached by these at the ports that are published. */
  readonly routed?: readonly Family[] | undefined;
  /** Interfaces of the host from which they are. */
  readonly trustedInterfaces?: readonly string[] | undefined;
}

export interface BridgeSubnet {
  readonly subnet: string;
  /** What its packets leave under: the address of the way out, the containers' `own`, or one of the host's. */
  readonly source: string;
}

/** One published port. Both addresses are of one family. */
export interface Publication {
  readonly protocol: PortProtocol;
  /** `0.0.0.0` or `::` for every address of the host. */
  readonly hostIp: string;
  /** 0 where no port of the host leads there: the container's own address is what others use (gateway mode `routed`). */
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** Where the rules are. */
export interface RulesPlace {
  readonly table: string;
  /** Makes the host's own input rules decide about published ports: see `detour.ts`. */
  readonly detour?: Detour | undefined;
}

export interface RuleSet extends RulesPlace {
  readonly bridges: readonly BridgeRules[];
  readonly publications: readonly Publication[];
}

/** Where publications go, by family and by whether they name an address of the host. */
const MAPS = [
  { name: "everywhere", type: "inet_proto . inet_service : ipv4_addr . inet_service" },
  { name: "somewhere", type: "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service" },
  { name: "everywhere6", type: "inet_proto . inet_service : ipv6_addr . inet_service" },
  { name: "somewhere6", type: "ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service" },
] as const;

/** Ports at containers' own addresses. */
const SETS = [
  { name: "reachable", type: "ipv4_addr . inet_proto . inet_service" },
  { name: "reachable6", type: "ipv6_addr . inet_proto . inet_service" },
] as const;

const ELEMENTS = [...MAPS, ...SETS];

/** The whole table. Applied, it takes the place of whatever stood under its name, in one transaction. */
export function planTable({ table, detour, bridges, publications }: RuleSet): string {
  const names = (which: (bridge: BridgeRules) => boolean): string[] => bridges.filter(which).map(({ bridge }) => quote(bridge));
  const elements = elementsOf(publications);
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...named(
      "set bridges",
      "type ifname",
      names(() => true),
    ),
    ...named(
      "set internal",
      "type ifname",
      names(({ internal }) => internal),
    ),
    ...named(
      "set same",
      "type ifname . ifname",
      names(({ icc }) => icc !== false).map((name) => `${name} . ${name}`),
    ),
    ...named(
      "set trusted",
      "type ifname . ifname",
      bridges.flatMap(({ bridge, trustedInterfaces = [] }) => trustedInterfaces.map((name) => `${quote(name)} . ${quote(bridge)}`)),
    ),
    ...named(
      "set open",
      "type ifname",
      names(({ open }) => open?.includes(4) === true),
    ),
    ...named(
      "set open6",
      "type ifname",
      names(({ open }) => open?.includes(6) === true),
    ),
    ...named(
      "set routed",
      "type ifname",
      names(({ routed }) => routed?.includes(4) === true),
    ),
    ...named(
      "set routed6",
      "type ifname",
      names(({ routed }) => routed?.includes(6) === true),
    ),
    ...MAPS.flatMap(({ name, type }) => named(`map ${name}`, `type ${type}`, elements[name])),
    ...SETS.flatMap(({ name, type }) => named(`set ${name}`, `type ${type}`, elements[name])),
    ...directSet(bridges, detour),
    ...CHAINS,
    ...publishedChain(detour),
    ...chain("source", "type nat hook postrouting priority srcnat", bridges.flatMap(sourceRules)),
    "}",
    "",
    ...(detour === undefined ? [] : planDetour({ table, detour }, publications)),
  ].join("\n");
}

/** Interfaces whose packets are led to containers at once, where the others' take the detour. */
function directSet(bridges: readonly BridgeRules[], detour: Detour | undefined): string[] {
  if (detour === undefined) return [];
  return named("set direct", "type ifname", [...bridges.map(({ bridge }) => bridge), detour.backName].map(quote));
}

function publishedChain(detour: Detour | undefined): string[] {
  return chain("published", "type nat hook prerouting priority dstnat", [
    "ip daddr 127.0.0.0/8 return",
    ...(detour === undefined ? [] : ["iifname != @direct return"]),
    ...translations(),
  ]);
}

/** The part of the table that knows no network by name. */
const CHAINS: readonly string[] = [
  ...chain("raw", "type filter hook prerouting priority raw", [
    // The address first: it is cheaper to look at, and every packet is.
    "ip saddr 127.0.0.0/8 iifname @bridges drop",
    "ip daddr 127.0.0.0/8 iifname @bridges drop",
  ]),
  // The kernel delivers no answer that comes from elsewhere to ::1, so nothing is led away from there.
  ...chain("local", "type nat hook output priority -100", ["ip6 daddr ::1 return", ...translations()]),
  ...chain("input", "type filter hook input priority filter", [
    // A router's address is asked for, and told, by ICMPv6: without it an internal network has no neighbours.
    "iifname @internal icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
    "iifname @internal ct state new drop",
  ]),
  // Before the other tables of the hook, so that what we drop is not first counted or logged as accepted.
  ...chain("forward", "type filter hook forward priority filter - 1", ["oifname @bridges jump inbound", "iifname @internal drop"]),
  ...chain("inbound", undefined, [
    "iifname . oifname @same accept",
    "iifname @internal drop",
    "ct state established,related accept",
    "oifname @internal drop",
    "ct status dnat accept",
    "ip daddr . meta l4proto . th dport @reachable accept",
    "ip6 daddr . meta l4proto . th dport @reachable6 accept",
    "meta l4proto icmp oifname @routed accept",
    "meta l4proto icmpv6 oifname @routed6 accept",
    "iifname . oifname @trusted accept",
    "iifname @bridges drop",
    "meta nfproto ipv4 oifname @open accept",
    "meta nfproto ipv6 oifname @open6 accept",
    "drop",
  ]),
];

function translations(): string[] {
  return [
    "fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @somewhere",
    "fib daddr type local dnat ip to meta l4proto . th dport map @everywhere",
    "fib daddr type local dnat ip6 to ip6 daddr . meta l4proto . th dport map @somewhere6",
    "fib daddr type local dnat ip6 to meta l4proto . th dport map @everywhere6",
  ];
}

/** What changes the source of a packet that leaves by, or comes back over, one bridge. */
function sourceRules({ bridge, subnets, internal }: BridgeRules): string[] {
  if (internal) return [];
  const name = quote(bridge);
  return [
    ...subnets.flatMap((subnet) => sourceRulesOf(subnet, name)),
    // A port published on 127.0.0.1: the container could not answer to that address.
    `ip saddr 127.0.0.0/8 oifname ${name} masquerade`,
  ];
}

function sourceRulesOf({ subnet, source }: BridgeSubnet, name: string): string[] {
  const family = familyOf(subnet) === 4 ? "ip" : "ip6";
  const change = source === "masquerade" ? source : `snat ${family} to ${source}`;
  return [
    ...(source === "own" ? [] : [`${family} saddr ${subnet} oifname != ${name} ${change}`]),
    // A container that uses a published port of its own network: the answer has to come back through the host.
    `${family} saddr ${subnet} oifname ${name} ct status dnat masquerade`,
  ];
}

export function planPublish(place: RulesPlace, publications: readonly Publication[]): string {
  return elementCommands("add", place, publications);
}

export function planWithdraw(place: RulesPlace, publications: readonly Publication[]): string {
  return elementCommands("delete", place, publications);
}

/** Those of a detour, too, whether or not there was one. */
export function planRemoval(table: string): string {
  return `add table inet ${table}\ndelete table inet ${table}\n${planDetourRemoval(table)}`;
}

type Elements = Readonly<Record<(typeof ELEMENTS)[number]["name"], readonly string[]>>;

function elementCommands(verb: "add" | "delete", { table, detour }: RulesPlace, publications: readonly Publication[]): string {
  const elements = elementsOf(publications);
  const own = ELEMENTS.map(({ name }) => ({ family: "inet", name, elements: elements[name] }));
  return [...own, ...(detour === undefined ? [] : detourElements(publications))]
    .filter((one) => one.elements.length > 0)
    .map((one) => `${verb} element ${one.family} ${table} ${one.name} { ${one.elements.join(", ")} }\n`)
    .join("");
}

function elementsOf(publications: readonly Publication[]): Elements {
  const names = ELEMENTS.map(({ name }) => [name, []] as const);
  const elements = Object.fromEntries(names) as unknown as Record<keyof Elements, string[]>;
  for (const { protocol, hostIp, hostPort, address, port } of publications) {
    const target = `${protocol} . ${hostPort} : ${address} . ${port}`;
    if (hostPort === 0) (familyOf(address) === 6 ? elements.reachable6 : elements.reachable).push(`${address} . ${protocol} . ${port}`);
    else if (hostIp === "0.0.0.0") elements.everywhere.push(target);
    else if (hostIp === "::") elements.everywhere6.push(target);
    else (hostIp.includes(":") ? elements.somewhere6 : elements.somewhere).push(`${hostIp} . ${target}`);
  }
  return elements;
}
