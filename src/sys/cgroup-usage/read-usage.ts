import { type CgroupHost, type CgroupTree, treeOf } from "../cgroups/cgroup-paths.ts";
import { memoryStatKeys } from "./memory-stat-keys.ts";
import { parseCount, parseCounts, parseDeviceOperations, parseIoStat, parseKeys } from "./parse.ts";
import type { BlockIoUsage, CgroupUsage, CpuUsage, MemoryUsage, PidsUsage } from "./usage.ts";

/** Gives the text of a file; empty when it is not there. */
export type ReadText = (path: string) => string;

/** More than any machine has: a group without a limit, as v1 shows it. */
const NO_LIMIT = 2n ** 63n - 1n;
const MICROSECOND = 1000n;
/** Of v1's cpuacct.stat, whose clock ticks a hundred times a second (USER_HZ) on every architecture that Linux tells it to users. */
const TICK = 10_000_000n;

/**
 * Reads what a group has used. A dozen small files, some 15 µs each: by `readSmallFile` and not by the thread pool, which takes three times
 * as long on the event loop for the same.
 */
export function readCgroupUsage(host: CgroupHost, path: string, read: ReadText): CgroupUsage {
  const filesOf = (controller: string): GroupFiles => new GroupFiles(treeOf(host, controller), path, read);
  return {
    cpu: cpuUsage(filesOf("cpuacct"), filesOf("cpu")),
    memory: memoryUsage(filesOf("memory")),
    blockIo: blockIoUsage(filesOf("blkio")),
    pids: pidsUsage(filesOf("pids")),
  };
}

/** The group's files in one tree. */
class GroupFiles {
  readonly version: 1 | 2 | undefined;
  readonly #folder: string;
  readonly #read: ReadText;

  constructor(tree: CgroupTree | undefined, path: string, read: ReadText) {
    this.version = tree?.version;
    this.#folder = `${tree?.root ?? ""}${path}`;
    this.#read = read;
  }

  text(name: string): string {
    return this.version === undefined ? "" : this.#read(`${this.#folder}/${name}`);
  }

  count(name: string): bigint | undefined {
    return parseCount(this.text(name));
  }

  keys(name: string): (key: string) => bigint {
    const values = parseKeys(this.text(name));
    return (key) => values.get(key) ?? 0n;
  }
}

/** v1 may count and limit processor time in two trees. */
function cpuUsage(accounting: GroupFiles, limits: GroupFiles): CpuUsage {
  return accounting.version === 1 ? cpuOfV1(accounting, limits) : cpuOfV2(limits);
}

function cpuOfV1(accounting: GroupFiles, limits: GroupFiles): CpuUsage {
  const ticks = accounting.keys("cpuacct.stat");
  const limit = limits.keys("cpu.stat");
  return {
    total: accounting.count("cpuacct.usage") ?? 0n,
    kernel: ticks("system") * TICK,
    user: ticks("user") * TICK,
    perCpu: parseCounts(accounting.text("cpuacct.usage_percpu")),
    throttling: { periods: limit("nr_periods"), throttledPeriods: limit("nr_throttled"), throttledTime: limit("throttled_time") },
  };
}

function cpuOfV2(files: GroupFiles): CpuUsage {
  const stat = files.keys("cpu.stat");
  const throttling = {
    periods: stat("nr_periods"),
    throttledPeriods: stat("nr_throttled"),
    throttledTime: stat("throttled_usec") * MICROSECOND,
  };
  const time = (key: string): bigint => stat(key) * MICROSECOND;
  return { total: time("usage_usec"), kernel: time("system_usec"), user: time("user_usec"), perCpu: undefined, throttling };
}

function memoryUsage(files: GroupFiles): MemoryUsage {
  const values = parseKeys(files.text("memory.stat"));
  const keys = memoryStatKeys[files.version === 1 ? 1 : 2];
  const stats = Object.fromEntries(keys.map((key) => [key, values.get(key) ?? 0n]));
  if (files.version !== 1) {
    return {
      usage: files.count("memory.current") ?? 0n,
      maxUsage: undefined,
      failures: files.keys("memory.events")("oom"),
      limit: files.count("memory.max") ?? NO_LIMIT,
      stats,
    };
  }
  return {
    usage: files.count("memory.usage_in_bytes") ?? 0n,
    maxUsage: files.count("memory.max_usage_in_bytes") ?? 0n,
    failures: files.count("memory.failcnt") ?? 0n,
    limit: files.count("memory.limit_in_bytes") ?? NO_LIMIT,
    stats,
  };
}

/** The files of v1's throttling count everything, whichever scheduler a disk has. */
function blockIoUsage(files: GroupFiles): BlockIoUsage {
  if (files.version !== 1) return { bytes: parseIoStat(files.text("io.stat")), operations: undefined };
  const entries = (name: string): BlockIoUsage["bytes"] => parseDeviceOperations(files.text(name));
  return {
    bytes: entries("blkio.throttle.io_service_bytes_recursive"),
    operations: entries("blkio.throttle.io_serviced_recursive"),
  };
}

function pidsUsage(files: GroupFiles): PidsUsage {
  return { current: files.count("pids.current") ?? 0n, limit: files.count("pids.max") };
}
