import { existsSync, readdirSync } from "node:fs";
import { type CgroupHost, type CgroupTree, treeOf } from "../cgroups/cgroup-paths.ts";
import { readSmallFile } from "../files/read-small-file.ts";

/** A kind of limit that a host can have or lack. */
export type LimitName = keyof typeof limits;

interface Place {
  /** In which tree of v1, and the file that is there when the kernel has it; undefined where only v2 has it. */
  readonly v1: readonly [controller: string, file: string] | undefined;
  /** The controller of v2; undefined for what only v1 has. */
  readonly v2: string | undefined;
}

const limits = {
  memory: { v1: ["memory", "memory.limit_in_bytes"], v2: "memory" },
  memoryReservation: { v1: ["memory", "memory.soft_limit_in_bytes"], v2: "memory" },
  memorySwappiness: { v1: ["memory", "memory.swappiness"], v2: undefined },
  oomKillDisable: { v1: ["memory", "memory.oom_control"], v2: undefined },
  cpuShares: { v1: ["cpu", "cpu.shares"], v2: "cpu" },
  cpuBandwidth: { v1: ["cpu", "cpu.cfs_quota_us"], v2: "cpu" },
  cpuRealtime: { v1: ["cpu", "cpu.rt_runtime_us"], v2: undefined },
  cpuset: { v1: ["cpuset", "cpuset.cpus"], v2: "cpuset" },
  pids: { v1: ["pids", "cgroup.procs"], v2: "pids" },
  blockThrottle: { v1: ["blkio", "blkio.throttle.read_bps_device"], v2: "io" },
} as const satisfies Record<string, Place>;

/** Sizes of huge pages that can be limited, as the kernel names them: `2MB`. */
export function hugePageSizes(host: CgroupHost): string[] {
  const tree = treeOf(host, "hugetlb");
  if (tree?.version !== 1) return kernelSizes(tree).toSorted();
  return namesIn(tree.root)
    .flatMap((name) => /^hugetlb\.(\w+)\.limit_in_bytes$/.exec(name)?.[1] ?? [])
    .toSorted();
}

/** The root of v2 has no files of limits: what the kernel has, where the controller is there. */
function kernelSizes(tree: CgroupTree | undefined): string[] {
  if (tree === undefined || !readSmallFile(`${tree.root}/cgroup.controllers`).trim().split(/\s+/).includes("hugetlb")) return [];
  return namesIn("/sys/kernel/mm/hugepages").flatMap((name) => {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? "0");
    if (kilobytes === 0) return [];
    if (kilobytes >= 1024 ** 2) return [`${kilobytes / 1024 ** 2}GB`];
    return [kilobytes >= 1024 ? `${kilobytes / 1024}MB` : `${kilobytes}KB`];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What this host cannot limit. */
export function missingLimits(host: CgroupHost): LimitName[] {
  const unified = host.unified === undefined ? [] : readSmallFile(`${host.unified}/cgroup.controllers`).trim().split(/\s+/);
  const names = Object.keys(limits) as LimitName[];
  return names.filter((name) => !has(host, unified, limits[name]));
}

function has(host: CgroupHost, unified: readonly string[], { v1, v2 }: Place): boolean {
  const tree = v1 === undefined ? undefined : treeOf(host, v1[0]);
  if (tree?.version === 1 && v1 !== undefined) return existsSync(`${tree.root}/${v1[1]}`);
  return v2 !== undefined && unified.includes(v2);
}
