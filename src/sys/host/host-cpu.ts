import { readSmallFile } from "../files/read-small-file.ts";

/** The host's processors. */
export interface HostCpu {
  /** Nanoseconds that all of them together have spent on anything, idling included, since boot. */
  readonly time: bigint;
  readonly online: number;
}

const TICK = 10_000_000n;
/** user nice system idle iowait irq softirq, as Docker adds them up: clients divide by it. */
const FIELDS = 7;

export function readHostCpu(): HostCpu {
  return parseHostCpu(readSmallFile("/proc/stat"));
}

/** @param stat the text of /proc/stat. */
export function parseHostCpu(stat: string): HostCpu {
  const [, ...fields] = (stat.split("\n", 1)[0] ?? "").split(/\s+/);
  const ticks = fields.slice(0, FIELDS).reduce((sum, field) => sum + BigInt(field), 0n);
  return { time: ticks * TICK, online: stat.match(/^cpu\d+ /gm)?.length ?? 0 };
}
