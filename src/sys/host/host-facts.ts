import { readdirSync, readFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { readCgroupHost } from "../cgroups/cgroup.ts";
import { hugePageSizes, type LimitName, missingLimits } from "./host-limits.ts";

/** What a sandbox is bounded by, found once at the daemon's start: its own rights and limits, and what the kernel offers. */
export interface HostReading {
  /** OCI architecture: `amd64`, `arm64`. */
  readonly architecture: string;
  /** `CAP_…` names in the daemon's own bounding set. */
  readonly capabilities: readonly string[];
  readonly cgroup: "v1" | "v2" | "hybrid";
  /** The daemon's own hard limits by OCI name (`RLIMIT_NOFILE`); -1n is infinity. */
  readonly rlimits: Readonly<Record<string, bigint>>;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernel: readonly [number, number];
  /** Processors and memory nodes that are online, as the kernel lists them: `0-3`. */
  readonly onlineCpus: string;
  readonly onlineMemoryNodes: string;
  /** The daemon's own oom_score_adj: without CAP_SYS_RESOURCE nothing it starts may be lower. */
  readonly oomScoreAdj: number;
  /** Memory and swap can be limited together. */
  readonly swapLimit: boolean;
  /** Block I/O can be shared out by weight. */
  readonly blkioWeight: boolean;
  /** Kinds of limits that neither version of the control groups offers. */
  readonly missingLimits: readonly LimitName[];
  /** Sizes of huge pages that can be limited: `2MB`. */
  readonly hugePageSizes: readonly string[];
  readonly apparmor: boolean;
  /** Per-processor folders of /sys that tell the temperature, a side channel. */
  readonly thermalThrottlePaths: readonly string[];
}

/** Every capability by its number (linux/capability.h). */
export const capabilityNames: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
];

/** Names of the limits as the rows of /proc/self/limits call them. */
const LIMIT_ROWS: Readonly<Record<string, string>> = {
  "Max cpu time": "RLIMIT_CPU",
  "Max file size": "RLIMIT_FSIZE",
  "Max data size": "RLIMIT_DATA",
  "Max stack size": "RLIMIT_STACK",
  "Max core file size": "RLIMIT_CORE",
  "Max resident set": "RLIMIT_RSS",
  "Max processes": "RLIMIT_NPROC",
  "Max open files": "RLIMIT_NOFILE",
  "Max locked memory": "RLIMIT_MEMLOCK",
  "Max address space": "RLIMIT_AS",
  "Max file locks": "RLIMIT_LOCKS",
  "Max pending signals": "RLIMIT_SIGPENDING",
  "Max msgqueue size": "RLIMIT_MSGQUEUE",
  "Max nice priority": "RLIMIT_NICE",
  "Max realtime priority": "RLIMIT_RTPRIO",
  "Max realtime timeout": "RLIMIT_RTTIME",
};

/** Reads a few small files of /proc and /sys; called once. */
export function readHostFacts(): HostReading {
  const mounts = textOf("/proc/self/mounts");
  const cgroup = cgroupLayout(mounts);
  return {
    architecture: architectureOf(arch()),
    capabilities: boundingSet(textOf("/proc/self/status")),
    cgroup,
    rlimits: hardLimits(textOf("/proc/self/limits")),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: kernelVersion(release()),
    onlineCpus: textOf("/sys/devices/system/cpu/online").trim() || `0-${cpus().length - 1}`,
    onlineMemoryNodes: textOf("/sys/devices/system/node/online").trim() || "0",
    oomScoreAdj: Number(textOf("/proc/self/oom_score_adj")) || 0,
    swapLimit: cgroup === "v2" || textOf("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes") !== "",
    blkioWeight: cgroup === "v2" || namesIn("/sys/fs/cgroup/blkio").some((name) => name === "blkio.weight" || name === "blkio.bfq.weight"),
    missingLimits: missingLimits(readCgroupHost()),
    hugePageSizes: hugePageSizes(readCgroupHost()),
    apparmor: textOf("/sys/module/apparmor/parameters/enabled").startsWith("Y"),
    thermalThrottlePaths: thermalThrottlePaths("/sys/devices/system/cpu"),
  };
}

/** @param status the text of /proc/self/status. */
export function boundingSet(status: string): string[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return capabilityNames.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}

/** @param limits the text of /proc/self/limits: name, soft limit, hard limit, unit, in columns. */
export function hardLimits(limits: string): Record<string, bigint> {
  const result: Record<string, bigint> = {};
  for (const line of limits.split("\n")) {
    const match = /^(Max [a-z ]+?)\s{2,}(\S+)\s+(\S+)/.exec(line);
    const name = LIMIT_ROWS[match?.[1] ?? ""];
    if (match === null || name === undefined) continue;
    result[name] = match[3] === "unlimited" ? -1n : BigInt(match[3] ?? "0");
  }
  return result;
}

/** @param mounts the text of /proc/self/mounts. v1 controllers beside a v2 tree are `hybrid`. */
export function cgroupLayout(mounts: string): "v1" | "v2" | "hybrid" {
  const kinds = mounts.split("\n").map((line) => line.split(" "));
  const unified = kinds.some(([, target, type]) => target === "/sys/fs/cgroup" && type === "cgroup2");
  if (unified) return "v2";
  return kinds.some(([, , type]) => type === "cgroup2") ? "hybrid" : "v1";
}

function architectureOf(nodeName: string): string {
  return nodeName === "x64" ? "amd64" : nodeName;
}

function kernelVersion(text: string): [number, number] {
  const [major = 0, minor = 0] = text.split(".").map((part) => Number.parseInt(part, 10));
  return [major, minor];
}

function thermalThrottlePaths(folder: string): string[] {
  const processors = namesIn(folder).filter((name) => /^cpu\d+$/.test(name));
  return processors
    .filter((name) => namesIn(`${folder}/${name}`).includes("thermal_throttle"))
    .map((name) => `${folder}/${name}/thermal_throttle`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
