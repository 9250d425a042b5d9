import { existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";
import type { OciResources } from "#spec/oci-runtime/spec.ts";
import { type CgroupHost, treeOf } from "#sys/cgroups/cgroup-paths.ts";
import { readSmallFile } from "#sys/files/read-small-file.ts";

const DEFAULT_PERIOD = 1_000_000;

/**
 * Real-time processor time (v1, with RT_GROUP_SCHED) is handed down: a group can be given no more than what those above it have left,
 * and a new group has none. So those above get what their children have, and this one will, before its runtime makes it.
 *
 * @throws EngineError `invalid` when the host has not as much.
 */
export async function allowRealtime(host: CgroupHost, path: string, resources: OciResources): Promise<void> {
  const { realtimeRuntime = 0, realtimePeriod = DEFAULT_PERIOD } = resources.cpu ?? {};
  const root = treeOf(host, "cpu")?.root;
  if (realtimeRuntime <= 0 || root === undefined) return;
  const share = realtimeRuntime / realtimePeriod;
  const levels = levelsAbove(path);
  for (const [index, level] of levels.entries()) await allow(root + level, root + (levels[index + 1] ?? path), share);
}

/** `/a/b/id` → `/a`, `/a/b`. */
function levelsAbove(path: string): string[] {
  const above = dirname(path);
  return above === "/" ? [] : [...levelsAbove(above), above];
}

async function allow(folder: string, child: string, share: number): Promise<void> {
  const others = childrenOf(folder).filter((one) => one !== child);
  const needed = Math.ceil((others.reduce((sum, one) => sum + shareOf(one), 0) + share) * DEFAULT_PERIOD);
  if (shareOf(folder) * DEFAULT_PERIOD >= needed) return;
  await mkdir(folder, { recursive: true, mode: 0o755 });
  try {
    await writeFile(join(folder, "cpu.rt_runtime_us"), String(needed), { flag: "r+" });
  } catch (cause) {
    throw new EngineError("invalid", `the host has no ${needed} µs of real-time processor time a second left for ${folder}`, { cause });
  }
}

function shareOf(folder: string): number {
  const period = Number(readSmallFile(join(folder, "cpu.rt_period_us"))) || DEFAULT_PERIOD;
  return (Number(readSmallFile(join(folder, "cpu.rt_runtime_us"))) || 0) / period;
}

function childrenOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
}
