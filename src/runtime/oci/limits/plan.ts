import { type CgroupHost, treeOf } from "#sys/cgroups/cgroup-paths.ts";
import { blockIoOfV1, cpuOfV1, cpusetOfV1, hugePagesOfV1, memoryOfV1 } from "./v1.ts";
import { blockIoOfV2, cpuOfV2, cpusetOfV2, hugePagesOfV2, memoryOfV2 } from "./v2.ts";
import type { Files, GroupState, Limits, Planner, Write } from "./write.ts";

/**
 * Which file of a group gets which text for these limits, in the order of writing. On a hybrid host each controller is where it is.
 * What an OCI runtime writes when it makes a group is the same: the runtime specification says how limits of v1 become those of v2
 * (config-linux.md, and crun.1 for what that leaves open).
 */
export function planLimits(limits: Limits, host: CgroupHost, path: string, state: GroupState): Write[] {
  const into = (controller: string): { version: 1 | 2; write: Files } => {
    const tree = treeOf(host, controller);
    return { version: tree?.version ?? 2, write: (name, text) => ({ file: `${tree?.root ?? ""}${path}/${name}`, text }) };
  };
  const either = <T>(controller: string, value: T | undefined, v1: Planner<T>, v2: Planner<T>): Write[] => {
    const { version, write } = into(controller);
    return value === undefined ? [] : (version === 1 ? v1 : v2)(value, write, state);
  };
  return [
    ...either("memory", limits.memory, memoryOfV1, memoryOfV2),
    ...either("cpu", limits.cpu, cpuOfV1, cpuOfV2),
    ...either("cpuset", limits.cpu, cpusetOfV1, cpusetOfV2),
    ...either("pids", limits.pids, pids, pids),
    ...either("blkio", limits.blockIO, blockIoOfV1, blockIoOfV2),
    ...either("hugetlb", limits.hugepageLimits, hugePagesOfV1, hugePagesOfV2),
  ];
}

function pids({ limit }: NonNullable<Limits["pids"]>, write: Files): Write[] {
  return [write("pids.max", limit > 0 ? String(limit) : "max")];
}
