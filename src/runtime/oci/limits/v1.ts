import type { OciThrottle } from "#spec/oci-runtime/spec.ts";
import { given, type GroupState, type Limits, type Planner, type Write } from "./write.ts";

/** The files of v1's trees. Source: the kernel's cgroup-v1/*.rst. */

export const memoryOfV1: Planner<NonNullable<Limits["memory"]>> = (memory, write, state) => {
  const limit = given(memory.limit, (value) => write("memory.limit_in_bytes", String(value)));
  const swap = given(memory.swap, (value) => write("memory.memsw.limit_in_bytes", String(value)));
  return [
    ...(raisesSwapFirst(memory, limit[0]?.file ?? "", state) ? [...swap, ...limit] : [...limit, ...swap]),
    ...given(memory.reservation, (value) => write("memory.soft_limit_in_bytes", String(value))),
    ...given(memory.swappiness, (value) => write("memory.swappiness", String(value))),
    ...given(memory.disableOOMKiller, (value) => write("memory.oom_control", value ? "1" : "0")),
  ];
};

/** Memory alone may at no time be allowed more than memory and swap together: what grows, grows from the outside. */
function raisesSwapFirst({ limit, swap }: NonNullable<Limits["memory"]>, file: string, state: GroupState): boolean {
  if (limit === undefined || swap === undefined) return false;
  const current = BigInt(state.read(file).trim() || "0");
  return swap === -1 || current < BigInt(limit);
}

export const cpuOfV1: Planner<NonNullable<Limits["cpu"]>> = (cpu, write) => [
  ...given(cpu.shares, (value) => write("cpu.shares", String(value))),
  ...given(cpu.period, (value) => write("cpu.cfs_period_us", String(value))),
  ...given(cpu.quota, (value) => write("cpu.cfs_quota_us", String(value))),
  ...given(cpu.realtimePeriod, (value) => write("cpu.rt_period_us", String(value))),
  ...given(cpu.realtimeRuntime, (value) => write("cpu.rt_runtime_us", String(value))),
];

export const cpusetOfV1: Planner<NonNullable<Limits["cpu"]>> = (cpu, write) => [
  ...given(cpu.cpus, (value) => write("cpuset.cpus", value)),
  ...given(cpu.mems, (value) => write("cpuset.mems", value)),
];

export const blockIoOfV1: Planner<NonNullable<Limits["blockIO"]>> = (blockIo, write, state) => {
  // Named so since CFQ was taken out of the kernel; there while a disk has the BFQ scheduler.
  const bfq = state.read(write("blkio.bfq.weight", "").file) === "" ? "" : "bfq.";
  const rates = (name: string, list: readonly OciThrottle[] = []): Write[] =>
    list.map(({ major, minor, rate }) => write(`blkio.throttle.${name}_device`, `${major}:${minor} ${rate}`));
  return [
    ...given(blockIo.weight, (value) => write(`blkio.${bfq}weight`, String(value))),
    ...(blockIo.weightDevice ?? []).map(({ major, minor, weight }) => write(`blkio.${bfq}weight_device`, `${major}:${minor} ${weight}`)),
    ...rates("read_bps", blockIo.throttleReadBpsDevice),
    ...rates("write_bps", blockIo.throttleWriteBpsDevice),
    ...rates("read_iops", blockIo.throttleReadIOPSDevice),
    ...rates("write_iops", blockIo.throttleWriteIOPSDevice),
  ];
};

export const hugePagesOfV1: Planner<NonNullable<Limits["hugepageLimits"]>> = (pages, write) =>
  pages.map(({ pageSize, limit }) => write(`hugetlb.${pageSize}.limit_in_bytes`, String(limit)));
