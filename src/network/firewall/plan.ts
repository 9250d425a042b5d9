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
 * - Between containers of one bridge: everything. Between bridges: nothing but published ports.
 * - An internal network reaches nobody, the host's own ports included.
 *
 * An accept in our table does not undo a drop in another (`foreign-chains.ts`), and a drop in another table is final: the host's
 * own rules for containers belong into a table of the administrator's own, with a chain on the forward hook.
 */
export interface BridgeRules {
  readonly bridge: string;
  readonly subnet: string;
  readonly masquerade: boolean;
  readonly internal: boolean;
}

/** One published port. */
export interface Publication {
  readonly protocol: "tcp" | "udp";
  /** `0.0.0.0` for every address of the host. */
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

/** The whole table. Applied, it takes the place of whatever stood under its name, in one transaction. */
export function planTable({ table, bridges, publications }: RuleSet): string {
  const names = bridges.map(({ bridge }) => quote(bridge));
  const internal = bridges.filter((bridge) => bridge.internal).map(({ bridge }) => quote(bridge));
  const [anywhere, somewhere] = mapElements(publications);
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...named("set bridges", "type ifname", names),
    ...named("set internal", "type ifname", internal),
    ...named(
      "set same",
      "type ifname . ifname",
      names.map((name) => `${name} . ${name}`),
    ),
    ...named("map everywhere", "type inet_proto . inet_service : ipv4_addr . inet_service", anywhere),
    ...named("map somewhere", "type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service", somewhere),
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
  ...chain("local", "type nat hook output priority -100", translations()),
  ...chain("input", "type filter hook input priority filter", ["iifname @internal ct state new drop"]),
  // Before the other tables of the hook, so that what we drop is not first counted or logged as accepted.
  ...chain("forward", "type filter hook forward priority filter - 1", ["oifname @bridges jump inbound", "iifname @internal drop"]),
  ...chain("inbound", undefined, [
    "iifname . oifname @same accept",
    "iifname @internal drop",
    "ct state established,related accept",
    "oifname @internal drop",
    "ct status dnat accept",
    "drop",
  ]),
];

function translations(): string[] {
  return [
    "fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @somewhere",
    "fib daddr type local dnat ip to meta l4proto . th dport map @everywhere",
  ];
}

/** What changes the source of a packet that leaves by, or comes back over, one bridge. */
function sourceRules({ bridge, subnet, masquerade, internal }: BridgeRules): string[] {
  if (internal) return [];
  const name = quote(bridge);
  return [
    ...(masquerade ? [`ip saddr ${subnet} oifname != ${name} masquerade`] : []),
    // A container that uses a published port of its own network: the answer has to come back through the host.
    `ip saddr ${subnet} oifname ${name} ct status dnat masquerade`,
    // A port published on 127.0.0.1: the container could not answer to that address.
    `ip saddr 127.0.0.0/8 oifname ${name} masquerade`,
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

function elementCommands(verb: "add" | "delete", table: string, [everywhere, somewhere]: [string[], string[]]): string {
  const command = (map: string, elements: string[]): string =>
    elements.length === 0 ? "" : `${verb} element inet ${table} ${map} { ${elements.join(", ")} }\n`;
  return command("everywhere", everywhere) + command("somewhere", somewhere);
}

/** The elements of `everywhere` and of `somewhere`. */
function mapElements(publications: readonly Publication[]): [string[], string[]] {
  const everywhere: string[] = [];
  const somewhere: string[] = [];
  for (const { protocol, hostIp, hostPort, address, port } of publications) {
    const target = `${protocol} . ${hostPort} : ${address} . ${port}`;
    if (hostIp === "0.0.0.0") everywhere.push(target);
    else somewhere.push(`${hostIp} . ${target}`);
  }
  return [everywhere, somewhere];
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
