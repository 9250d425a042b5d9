import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const FAMILIES = {
  4: { program: "iptables-legacy", tables: "/proc/thread-self/net/ip_tables_names" },
  6: { program: "ip6tables-legacy", tables: "/proc/thread-self/net/ip6_tables_names" },
} as const;

/**
 * Runs iptables' older half, which nftables cannot stand in for, and only where its filter table is loaded already: being asked
 * would load it. The child is in the network namespace of the thread that calls. It waits up to five seconds for others to be done.
 *
 * @returns what it printed; undefined without the table or the program.
 * @throws Error with what the program said.
 */
export function runLegacyIptables(family: 4 | 6, parameters: readonly string[]): string | undefined {
  const { program, tables } = FAMILIES[family];
  if (!namesIn(tables).includes("filter")) return undefined;
  const { error, status, stdout, stderr } = spawnSync(program, ["-w", "5", ...parameters], { encoding: "utf8", timeout: 10_000 });
  if (error !== undefined && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${parameters.join(" ")}: ${stderr.trim().slice(0, 500)}`);
  return stdout;
}

function namesIn(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n");
  } catch {
    return [];
  }
}
