import type { HostConfig } from "#spec/docker-api/types.ts";
import type { LimitName } from "#sys/host/host-limits.ts";
import type { HostFacts } from "../spec-input.ts";

/** A limit that a host may not have: what is said then, and what becomes of the request. */
interface Support {
  readonly lacks: (host: HostFacts) => boolean;
  readonly isAsked: (hostConfig: HostConfig) => boolean;
  /** dockerd's text. */
  readonly warning: string;
  /** How inspect shows the limit that was not set, as in dockerd. */
  readonly instead: Partial<HostConfig>;
}

const missing =
  (name: LimitName) =>
  ({ missingLimits = [] }: HostFacts): boolean =>
    missingLimits.includes(name);
const no = (what: string, discarded: string): string =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${discarded} discarded.`;
const listed = (list: readonly unknown[] | undefined): boolean => (list ?? []).length > 0;

const supports: readonly Support[] = [
  {
    lacks: missing("memory"),
    isAsked: ({ Memory = 0 }) => Memory > 0,
    warning: no("memory limit capabilities", "Limitation"),
    instead: { Memory: 0, MemorySwap: -1 },
  },
  {
    lacks: ({ swapLimit }) => swapLimit === false,
    isAsked: ({ Memory = 0, MemorySwap = 0 }) => Memory > 0 && MemorySwap !== -1,
    warning: "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    instead: { MemorySwap: -1 },
  },
  {
    lacks: (host) => host.cgroup === "v2" || missing("memorySwappiness")(host),
    isAsked: ({ MemorySwappiness = -1 }) => MemorySwappiness !== -1,
    warning: no("memory swappiness capabilities", "Memory swappiness"),
    instead: { MemorySwappiness: undefined },
  },
  {
    lacks: missing("memoryReservation"),
    isAsked: ({ MemoryReservation = 0 }) => MemoryReservation > 0,
    warning: no("memory soft limit capabilities", "Limitation"),
    instead: { MemoryReservation: 0 },
  },
  {
    lacks: (host) => host.cgroup === "v2" || missing("oomKillDisable")(host),
    isAsked: ({ OomKillDisable = false }) => OomKillDisable,
    warning: "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
    instead: { OomKillDisable: undefined },
  },
  {
    lacks: missing("pids"),
    isAsked: ({ PidsLimit = 0 }) => PidsLimit > 0,
    warning: no("PIDs limit capabilities", "PIDs limit"),
    instead: { PidsLimit: undefined },
  },
  {
    lacks: missing("cpuShares"),
    isAsked: ({ CpuShares = 0 }) => CpuShares > 0,
    warning: no("CPU shares", "Shares"),
    instead: { CpuShares: 0 },
  },
  {
    lacks: missing("cpuBandwidth"),
    isAsked: ({ CpuPeriod = 0, CpuQuota = 0 }) => CpuPeriod !== 0 || CpuQuota !== 0,
    warning: "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.",
    instead: { CpuPeriod: 0, CpuQuota: 0 },
  },
  {
    lacks: () => true,
    isAsked: ({ CpuPercent = 0 }) => CpuPercent > 0,
    warning: "linux does not support CPU percent. Percent discarded.",
    instead: { CpuPercent: 0 },
  },
  {
    lacks: missing("cpuset"),
    isAsked: ({ CpusetCpus = "", CpusetMems = "" }) => CpusetCpus !== "" || CpusetMems !== "",
    warning: no("cpuset", "CPUset"),
    instead: { CpusetCpus: "", CpusetMems: "" },
  },
  {
    lacks: ({ blkioWeight }) => blkioWeight === false,
    isAsked: ({ BlkioWeight = 0 }) => BlkioWeight > 0,
    warning: no("Block I/O weight", "Weight"),
    instead: { BlkioWeight: 0 },
  },
  {
    lacks: ({ blkioWeight }) => blkioWeight === false,
    isAsked: ({ BlkioWeightDevice }) => listed(BlkioWeightDevice),
    warning: no("Block I/O weight_device", "Weight-device"),
    instead: { BlkioWeightDevice: [] },
  },
  {
    lacks: missing("blockThrottle"),
    isAsked: ({ BlkioDeviceReadBps }) => listed(BlkioDeviceReadBps),
    warning: no("BPS Block I/O read limit", "Block I/O BPS read limit"),
    instead: { BlkioDeviceReadBps: [] },
  },
  {
    lacks: missing("blockThrottle"),
    isAsked: ({ BlkioDeviceWriteBps }) => listed(BlkioDeviceWriteBps),
    warning: no("BPS Block I/O write limit", "Block I/O BPS write limit"),
    instead: { BlkioDeviceWriteBps: [] },
  },
  {
    lacks: missing("blockThrottle"),
    isAsked: ({ BlkioDeviceReadIOps }) => listed(BlkioDeviceReadIOps),
    warning: no("IOPS Block read limit", "Block I/O IOPS read limit"),
    instead: { BlkioDeviceReadIOps: [] },
  },
  {
    lacks: missing("blockThrottle"),
    isAsked: ({ BlkioDeviceWriteIOps }) => listed(BlkioDeviceWriteIOps),
    warning: no("IOPS Block write limit", "Block I/O IOPS write limit"),
    instead: { BlkioDeviceWriteIOps: [] },
  },
];

const lacking = (hostConfig: HostConfig, host: HostFacts): Support[] =>
  supports.filter(({ lacks, isAsked }) => isAsked(hostConfig) && lacks(host));

/** What a client is told of limits that this host does not have. */
export function unsupportedLimits(hostConfig: HostConfig, host: HostFacts): string[] {
  return lacking(hostConfig, host).map(({ warning }) => warning);
}

/** The request without them: what is not done is not shown either. */
export function supportedLimits(hostConfig: HostConfig, host: HostFacts): HostConfig {
  return Object.assign({ ...hostConfig }, ...lacking(hostConfig, host).map(({ instead }) => instead)) as HostConfig;
}
