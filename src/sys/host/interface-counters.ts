import { readSmallFile } from "../files/read-small-file.ts";

/** What passed through a network interface, seen from its own side. */
export interface InterfaceCounters {
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/** Of every interface in a process's network namespace, without entering it; none when the process is gone. */
export function readInterfaceCounters(pid: number): ReadonlyMap<string, InterfaceCounters> {
  return parseInterfaceCounters(readSmallFile(`/proc/${pid}/net/dev`));
}

/** @param dev the text of /proc/net/dev: two lines of titles, then `  eth0: ` and sixteen numbers. */
export function parseInterfaceCounters(dev: string): Map<string, InterfaceCounters> {
  const counters = new Map<string, InterfaceCounters>();
  for (const line of dev.split("\n").slice(2)) {
    const at = line.lastIndexOf(":");
    const numbers = line.slice(at + 1).match(/\d+/g) ?? [];
    if (at < 0 || numbers.length < 16) continue;
    const [rxBytes = 0n, rxPackets = 0n, rxErrors = 0n, rxDropped = 0n] = numbers.map(BigInt);
    const [txBytes = 0n, txPackets = 0n, txErrors = 0n, txDropped = 0n] = numbers.slice(8).map(BigInt);
    counters.set(line.slice(0, at).trim(), { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped });
  }
  return counters;
}
