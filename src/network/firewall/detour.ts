import type { Instance } from "#spec/instance.ts";
import type { Detour } from "#sys/netns/host-network.ts";
import { familyOf } from "../addresses/ip.ts";
import { chain, named, quote } from "./nft-text.ts";
import type { Publication } from "./plan.ts";

/**
 * Published ports under the host's own firewall (`host-firewall`).
 *
 * A published port is translated before the host decides whose a packet is, so that it is forwarded, and the rules that ufw, firewalld
 * and people write for what comes into the host never see it. With the detour the first packet of a connection is left as it is: it
 * comes in, under the address and the port that the rules name, and whoever drops it has the last word. Behind them all stands a chain
 * of ours. What arrives there was let in; a copy of it goes out through a pair of interfaces that leads back to the host, where it is
 * translated as usual, and the original ends. From then on the kernel knows the connection, and its packets take the straight way:
 * no process has a part in it, the client's address is kept, and it goes on when the daemon does not.
 *
 * nftables copies packets in tables of one family alone, so there are two more of the instance's name.
 */
const DETOUR_FAMILIES = ["ip", "ip6"] as const;

/** What stands for the far end of the pair. No packet has it: whatever goes in comes out. */
const FAR_END = { ip: "192.0.0.9", ip6: "fe80::1" };
const ADDRESS_TYPE = { ip: "ipv4_addr", ip6: "ipv6_addr" };
type DetourFamily = (typeof DETOUR_FAMILIES)[number];

export function detourOf({ vethPrefix }: Pick<Instance, "vethPrefix">): Detour {
  return { outName: `${vethPrefix}x0`, backName: `${vethPrefix}x1` };
}

/** The text of both tables; each takes the place of what stood under its name. */
export function planDetour({ table, detour }: { table: string; detour: Detour }, publications: readonly Publication[]): string[] {
  const elements = detourElements(publications);
  return DETOUR_FAMILIES.flatMap((family) => {
    const inSet = (set: string): readonly string[] => elements.find((one) => one.family === family && one.name === set)?.elements ?? [];
    return [
      `add table ${family} ${table}`,
      `delete table ${family} ${table}`,
      `table ${family} ${table} {`,
      ...named("set everywhere", "type inet_proto . inet_service", inSet("everywhere")),
      ...named("set somewhere", `type ${ADDRESS_TYPE[family]} . inet_proto . inet_service`, inSet("somewhere")),
      ...chain("admit", "type filter hook input priority filter + 50", admissionRules(family, detour)),
      "}",
      "",
    ];
  });
}

export function planDetourRemoval(table: string): string {
  return DETOUR_FAMILIES.map((family) => `add table ${family} ${table}\ndelete table ${family} ${table}\n`).join("");
}

function admissionRules(family: DetourFamily, { outName, backName }: Detour): string[] {
  const copied = `dup to ${FAR_END[family]} device ${quote(outName)} drop`;
  return [
    // What was let in and leads nowhere, since the port has just been withdrawn: not around once more.
    `iifname ${quote(backName)} drop`,
    `fib daddr type local ${family} daddr . meta l4proto . th dport @somewhere ${copied}`,
    `fib daddr type local meta l4proto . th dport @everywhere ${copied}`,
  ];
}

/** Ports that are asked for from outside; on loopback nothing of it arrives. */
export function detourElements(publications: readonly Publication[]): { family: DetourFamily; name: string; elements: string[] }[] {
  return DETOUR_FAMILIES.flatMap((family) => {
    const asked = publications.filter(({ hostIp, hostPort }) => hostPort !== 0 && (familyOf(hostIp) === 6) === (family === "ip6"));
    const [everywhere, somewhere] = [asked.filter(isEverywhere), asked.filter((one) => !isEverywhere(one))];
    return [
      { family, name: "everywhere", elements: everywhere.map(({ protocol, hostPort }) => `${protocol} . ${hostPort}`) },
      { family, name: "somewhere", elements: somewhere.map(({ protocol, hostIp, hostPort }) => `${hostIp} . ${protocol} . ${hostPort}`) },
    ];
  });
}

function isEverywhere({ hostIp }: Publication): boolean {
  return hostIp === "0.0.0.0" || hostIp === "::";
}
