import type { Family } from "../addresses/ip.ts";
import type { PortProtocol } from "../published/port-spec.ts";

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
 * - Where an administrator opened a network (`open`, `trustedInterfaces`), its containers' own addresses are reached from outside.
 * - An internal network reaches nobody, the host's own ports included.
 *
 * An accept in our table does not undo a drop in another (`foreign-chains.ts`), and a drop in another table is final: the host's
 * own rules for containers belong into a table of the administrator's own, with a chain on the forward hook.
 */
export interface BridgeRules {
  readonly bridge: string;
  readonly subnet: string;
  /** Undefined on a network without IPv6. */
  readonly subnet6?: string | undefined;
  readonly masquerade: boolean;
  readonly internal: boolean;
  /** Whether its containers reach each other; true without. */
  readonly icc?: boolean | undefined;
  /** Families in which its containers are reached by their own addresses, published or not. */
  readonly open?: readonly Family[] | undefined;
  /** Interfaces of the host from which they are. */
  readonly trustedInterfaces?: readonly string[] | undefined;
}

/** One published port. Both addresses are of one family. */
export interface Publication {
  readonly protocol: PortProtocol;
  /** `0.0.0.0` or `::` for every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

export interface RuleSet {
  readonly table: string;
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

/** The whole table. Applied, it takes the place of whatever stood under its name, in one transaction. */
export function planTable({ table, bridges, publications }: RuleSet): string {
  const names = (which: (bridge: BridgeRules) => boolean): string[] => bridges.filter(which).map(({ bridge }) => quote(bridge));
  const elements = mapElements(publications);
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
    ...MAPS.flatMap(({ name, type }) => named(`map ${name}`, `type ${type}`, elements[name])),
    ...CHAINS,
    ...chain("source", "type nat hook postrouting priority srcnat", bridges.flatMap(sourceRules)),
    "}",
    "",
  ].join("\n");
}

/** The part of the table that knows no network by name. */
const CHAINS: readonly string[] = [
  ...chain("raw", "type filter hook prerouting priority raw", [
    "iifname @bridges ip saddr 127.0.0.0/8 drop",
    "iifname @bridges ip daddr 127.0.0.0/8 drop",
  ]),
  ...chain("published", "type nat hook prerouting priority dstnat", ["ip daddr 127.0.0.0/8 return", ...translations()]),
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
function sourceRules({ bridge, subnet, subnet6, masquerade, internal }: BridgeRules): string[] {
  if (internal) return [];
  const name = quote(bridge);
  return [
    ...sourceRulesOf("ip", subnet, name, masquerade),
    // A port published on 127.0.0.1: the container could not answer to that address.
    `ip saddr 127.0.0.0/8 oifname ${name} masquerade`,
    ...(subnet6 === undefined ? [] : sourceRulesOf("ip6", subnet6, name, masquerade)),
  ];
}

function sourceRulesOf(family: "ip" | "ip6", subnet: string, name: string, masquerade: boolean): string[] {
  return [
    ...(masquerade ? [`${family} saddr ${subnet} oifname != ${name} masquerade`] : []),
    // A container that uses a published port of its own network: the answer has to come back through the host.
    `${family} saddr ${subnet} oifname ${name} ct status dnat masquerade`,
  ];
}

export function planPublish(table: string, publications: readonly Publication[]): string {
  return elementCommands("add", table, mapElements(publications));
}

export function planWithdraw(table: string, publications: readonly Publication[]): string {
  return elementCommands("delete", table, mapElements(publications));
}

export function planRemoval(table: string): string {
  return `add table inet ${table}\ndelete table inet ${table}\n`;
}

type MapElements = Readonly<Record<(typeof MAPS)[number]["name"], readonly string[]>>;

function elementCommands(verb: "add" | "delete", table: string, elements: MapElements): string {
  return MAPS.filter(({ name }) => elements[name].length > 0)
    .map(({ name }) => `${verb} element inet ${table} ${name} { ${elements[name].join(", ")} }\n`)
    .join("");
}

function mapElements(publications: readonly Publication[]): MapElements {
  const elements: Record<keyof MapElements, string[]> = { everywhere: [], somewhere: [], everywhere6: [], somewhere6: [] };
  for (const { protocol, hostIp, hostPort, address, port } of publications) {
    const target = `${protocol} . ${hostPort} : ${address} . ${port}`;
    if (hostIp === "0.0.0.0") elements.everywhere.push(target);
    else if (hostIp === "::") elements.everywhere6.push(target);
    else (hostIp.includes(":") ? elements.somewhere6 : elements.somewhere).push(`${hostIp} . ${target}`);
  }
  return elements;
}

function named(head: string, type: string, elements: readonly string[]): string[] {
  const body = elements.length === 0 ? [] : [`    elements = { ${elements.join(", ")} }`];
  return [`  ${head} {`, `    ${type}`, ...body, "  }"];
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  const head = hook === undefined ? [] : [`    ${hook}; policy accept;`];
  return [`  chain ${name} {`, ...head, ...rules.map((rule) => `    ${rule}`), "  }"];
}

/** Interface names are checked where they come in; here the quotes only keep nft from reading one as a keyword. */
export function quote(name: string): string {
  return `"${name}"`;
}
