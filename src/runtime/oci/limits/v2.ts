import type { OciThrottle } from "#spec/oci-runtime/spec.ts";
import { given, type Limits, type Planner, type Write } from "./write.ts";

/** The files of the one tree of v2. Source: the kernel's cgroup-v2.rst; how v1's numbers become v2's: crun.1, "cgroup v2". */

export const memoryOfV2: Planner<NonNullable<Limits["memory"]>> = (memory, write) => [
  ...given(memory.limit, (value) => write("memory.max", orMax(value))),
  ...given(swapAlone(memory), (value) => write("memory.swap.max", orMax(value))),
  ...given(memory.reservation, (value) => write("memory.low", orMax(value))),
];

/** v2 limits swap by itself, v1 memory and swap together. */
function swapAlone({ limit, swap }: NonNullable<Limits["memory"]>): number | undefined {
  if (swap === undefined || swap < 0) return swap;
  return limit === undefined ? undefined : Math.max(0, swap - limit);
}

const DEFAULT_PERIOD = 100_000;

export const cpuOfV2: Planner<NonNullable<Limits["cpu"]>> = (cpu, write, state) => [
  ...given(cpu.shares, (value) => write("cpu.weight", String(weightOfShares(value)))),
  ...bandwidth(cpu, write, state),
];

/** One file has both: what is not given stays as it is. */
const bandwidth: Planner<NonNullable<Limits["cpu"]>> = ({ quota, period }, write, state) => {
  if (quota === undefined && period === undefined) return [];
  const { file } = write("cpu.max", "");
  const [presentQuota = "max", presentPeriod = String(DEFAULT_PERIOD)] = state.read(file).trim().split(" ").filter(Boolean);
  return [write("cpu.max", `${quota === undefined ? presentQuota : orMax(quota)} ${period ?? presentPeriod}`)];
};

/** 2 … 262144 becomes 1 … 10000. */
function weightOfShares(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

export const cpusetOfV2: Planner<NonNullable<Limits["cpu"]>> = (cpu, write) => [
  ...given(cpu.cpus, (value) => write("cpuset.cpus", value)),
  ...given(cpu.mems, (value) => write("cpuset.mems", value)),
];

export const blockIoOfV2: Planner<NonNullable<Limits["blockIO"]>> = (blockIo, write, state) => {
  // BFQ takes Docker's numbers as they are; elsewhere 10 … 1000 becomes 1 … 10000.
  const bfq = state.read(write("io.bfq.weight", "").file) !== "";
  const file = bfq ? "io.bfq.weight" : "io.weight";
  const weightOf = (weight: number): number => (bfq ? weight : 1 + Math.floor(((weight - 10) * 9999) / 990));
  const rates = (key: string, list: readonly OciThrottle[] = []): Write[] =>
    list.map(({ major, minor, rate }) => write("io.max", `${major}:${minor} ${key}=${rate === 0 ? "max" : rate}`));
  return [
    ...given(blockIo.weight, (value) => write(file, String(weightOf(value)))),
    ...(blockIo.weightDevice ?? []).map(({ major, minor, weight }) => write(file, `${major}:${minor} ${weightOf(weight)}`)),
    ...rates("rbps", blockIo.throttleReadBpsDevice),
    ...rates("wbps", blockIo.throttleWriteBpsDevice),
    ...rates("riops", blockIo.throttleReadIOPSDevice),
    ...rates("wiops", blockIo.throttleWriteIOPSDevice),
  ];
};

export const hugePagesOfV2: Planner<NonNullable<Limits["hugepageLimits"]>> = (pages, write) =>
  pages.map(({ pageSize, limit }) => write(`hugetlb.${pageSize}.max`, orMax(limit)));

function orMax(value: number): string {
  return value < 0 ? "max" : String(value);
}
