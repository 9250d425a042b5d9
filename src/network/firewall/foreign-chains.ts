import { quote } from "./nft-text.ts";

/**
 * Other firewalls. A packet is forwarded only when every table lets it pass, and Docker, ufw and firewalld leave chains behind
 * that drop what they do not know. Into such a chain goes a rule for each direction of each of our bridges, marked with a comment;
 * nothing else of a foreign table is touched. The rules are of the plainest form, which iptables-nft can read: a chain with
 * anything else in it would be "incompatible" to every later `iptables` call, Docker's own among them.
 */
export interface ForeignChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** False where packets pass that no rule of the chain knows. */
  readonly drops: boolean;
  readonly marked: readonly { readonly handle: number; readonly direction: string; readonly bridge: string }[];
}

export function commentOf(instance: string): string {
  return `instance ${instance}`;
}

/** One of our bridges, and whether its containers speak IPv6: a chain that sees nothing else has no rule for the others. */
export interface OpenedBridge {
  readonly bridge: string;
  readonly ipv6: boolean;
}

const FAMILIES: readonly string[] = ["ip", "ip6", "inet"];

interface Listed {
  readonly chain?: { family: string; table: string; name: string; handle: number; hook?: string; policy?: string; type?: string };
  readonly rule?: { handle: number; comment?: string; expr?: readonly Record<string, unknown>[] };
}

/** The base chains of a listing that see forwarded packets of either family, the instance's own table left out. */
export function forwardChains(listing: readonly unknown[], ownTable: string): { family: string; table: string; name: string }[] {
  return (listing as Listed[])
    .flatMap(({ chain }) => chain ?? [])
    .filter(({ family, table, hook, type }) => {
      const ours = family === "inet" && table === ownTable;
      return hook === "forward" && type === "filter" && FAMILIES.includes(family) && !ours;
    })
    .map(({ family, table, name }) => ({ family, table, name }));
}

/** Reads the listing of one chain. */
export function readChain(listing: readonly unknown[], comment: string): ForeignChain | undefined {
  const entries = listing as Listed[];
  const chain = entries.find((entry) => entry.chain !== undefined)?.chain;
  if (chain === undefined) return undefined;
  const rules = entries.flatMap(({ rule }) => rule ?? []);
  const { family, table, name, policy } = chain;
  const marked = rules.filter((rule) => rule.comment === comment).flatMap((rule) => markOf(rule) ?? []);
  return { family, table, name, drops: policy === "drop" || rules.some(dropsEverything), marked };
}

/** A rule without a condition whose verdict is to drop, as firewalld ends its chains with. */
function dropsEverything({ expr = [] }: NonNullable<Listed["rule"]>): boolean {
  const verdicts = expr.filter((statement) => !("counter" in statement) && !("log" in statement));
  return verdicts.length === 1 && verdicts.some((statement) => "drop" in statement || "reject" in statement);
}

/** Interface and direction of one of our rules. */
function markOf({ handle, expr = [] }: NonNullable<Listed["rule"]>): ForeignChain["marked"][number] | undefined {
  const match = expr.find((statement) => "match" in statement)?.["match"] as
    | { left?: { meta?: { key?: string } }; right?: unknown }
    | undefined;
  const direction = match?.left?.meta?.key;
  return direction === undefined || typeof match?.right !== "string" ? undefined : { handle, direction, bridge: match.right };
}

/** The changes that bring the chains to what the bridges need: rules where packets would be dropped, none elsewhere. */
export function planForeign(chains: readonly ForeignChain[], bridges: readonly OpenedBridge[], comment: string): string {
  return chains.flatMap((chain) => chainCommands(chain, bridges, comment)).join("");
}

function chainCommands(chain: ForeignChain, bridges: readonly OpenedBridge[], comment: string): string[] {
  const place = `${chain.family} ${chain.table} ${chain.name}`;
  const seen = bridges.filter(({ ipv6 }) => chain.family !== "ip6" || ipv6);
  const wanted = chain.drops ? seen.flatMap(({ bridge }) => ["iifname", "oifname"].map((direction) => ({ direction, bridge }))) : [];
  const same = (one: { direction: string; bridge: string }, other: { direction: string; bridge: string }): boolean =>
    one.direction === other.direction && one.bridge === other.bridge;
  const missing = wanted.filter((rule) => !chain.marked.some((mark) => same(mark, rule)));
  const stale = chain.marked.filter((mark) => !wanted.some((rule) => same(rule, mark)));
  return [
    ...missing.map(({ direction, bridge }) => `insert rule ${place} ${direction} ${quote(bridge)} counter accept comment "${comment}"\n`),
    ...stale.map(({ handle }) => `delete rule ${place} handle ${handle}\n`),
  ];
}
