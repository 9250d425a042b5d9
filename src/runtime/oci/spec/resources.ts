import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { hugePageLimitsOf } from "#spec/huge-pages.ts";
import type { OciResources, OciThrottle } from "#spec/oci-runtime/spec.ts";
import type { HostDevices, HostFacts, SpecInput } from "../spec-input.ts";
import { deviceRules } from "./devices/devices.ts";

const LEAST_SHARES = 2;
const MOST_SHARES = 262_144;
/** Microseconds: the window that `--cpus` is a share of. */
const CPU_PERIOD = 100_000;

export function containerResources({ config, hostConfig, host, devices }: SpecInput): OciResources {
  return {
    devices: deviceRules(hostConfig, devices),
    ...limits(hostConfig, host, devices),
    ...whenSome("hugepageLimits", hugePageLimitsOf(config.Labels)),
  };
}

/** What is not asked for is left out. */
function limits(hostConfig: HostConfig, host: HostFacts, devices?: HostDevices): Omit<OciResources, "devices"> {
  const pids = hostConfig.PidsLimit ?? 0;
  return {
    ...whenAny("memory", memoryLimits(hostConfig, host)),
    ...whenAny("cpu", cpuLimits(hostConfig)),
    ...(pids > 0 ? { pids: { limit: pids } } : {}),
    ...whenAny("blockIO", blockLimits(hostConfig, host, devices)),
  };
}

function memoryLimits(hostConfig: HostConfig, host: HostFacts): NonNullable<OciResources["memory"]> {
  const { Memory = 0, MemoryReservation = 0, MemorySwappiness = -1, OomKillDisable = false } = hostConfig;
  const swap = memoryAndSwap(hostConfig, host);
  // The unified hierarchy knows neither; `warningsFor` tells.
  const legacy = host.cgroup !== "v2";
  return {
    ...(Memory > 0 ? { limit: Memory } : {}),
    ...(MemoryReservation > 0 ? { reservation: MemoryReservation } : {}),
    ...(swap === undefined ? {} : { swap }),
    ...(legacy && MemorySwappiness >= 0 ? { swappiness: MemorySwappiness } : {}),
    ...(legacy && OomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

/** Without a word about swap a container gets as much of it as memory. */
function memoryAndSwap({ Memory = 0, MemorySwap = 0 }: HostConfig, host: HostFacts): number | undefined {
  if (Memory <= 0 || host.swapLimit === false) return undefined;
  if (MemorySwap === 0) return Memory * 2;
  return MemorySwap;
}

function cpuLimits({
  CpuShares = 0,
  NanoCpus = 0,
  CpuPeriod = 0,
  CpuQuota = 0,
  CpuRealtimePeriod = 0,
  CpuRealtimeRuntime = 0,
  CpusetCpus = "",
  CpusetMems = "",
}: HostConfig): NonNullable<OciResources["cpu"]> {
  const ofCpus = NanoCpus > 0 ? { period: CPU_PERIOD, quota: Math.floor((NanoCpus * CPU_PERIOD) / 1e9) } : {};
  return {
    ...(CpuShares > 0 ? { shares: Math.min(Math.max(CpuShares, LEAST_SHARES), MOST_SHARES) } : {}),
    ...ofCpus,
    ...(CpuPeriod === 0 ? {} : { period: CpuPeriod }),
    ...(CpuQuota === 0 ? {} : { quota: CpuQuota }),
    ...(CpuRealtimePeriod === 0 ? {} : { realtimePeriod: CpuRealtimePeriod }),
    ...(CpuRealtimeRuntime === 0 ? {} : { realtimeRuntime: CpuRealtimeRuntime }),
    ...(CpusetCpus === "" ? {} : { cpus: CpusetCpus }),
    ...(CpusetMems === "" ? {} : { mems: CpusetMems }),
  };
}

function blockLimits(hostConfig: HostConfig, host: HostFacts, devices?: HostDevices): NonNullable<OciResources["blockIO"]> {
  const weighted = host.blkioWeight !== false;
  const weights = (weighted ? (hostConfig.BlkioWeightDevice ?? []) : []).map(({ Path = "", Weight = 0 }) => ({
    ...diskOf(Path, devices),
    weight: Weight,
  }));
  const weight = hostConfig.BlkioWeight ?? 0;
  const throttles = (list: HostConfig["BlkioDeviceReadBps"]): OciThrottle[] =>
    (list ?? []).map(({ Path = "", Rate = 0 }) => ({ ...diskOf(Path, devices), rate: Rate }));
  return {
    ...(weighted && weight > 0 ? { weight } : {}),
    ...whenSome("weightDevice", weights),
    ...whenSome("throttleReadBpsDevice", throttles(hostConfig.BlkioDeviceReadBps)),
    ...whenSome("throttleWriteBpsDevice", throttles(hostConfig.BlkioDeviceWriteBps)),
    ...whenSome("throttleReadIOPSDevice", throttles(hostConfig.BlkioDeviceReadIOps)),
    ...whenSome("throttleWriteIOPSDevice", throttles(hostConfig.BlkioDeviceWriteIOps)),
  };
}

function diskOf(path: string, devices: HostDevices | undefined): { major: number; minor: number } {
  const disk = devices?.disks[path];
  if (disk === undefined) throw new EngineError("system", `the device numbers of ${path} were not looked up`);
  return disk;
}

function whenAny<K extends string, T extends object>(key: K, value: T): { [P in K]?: T } {
  return (Object.keys(value).length === 0 ? {} : { [key]: value }) as { [P in K]?: T };
}

function whenSome<K extends string, T>(key: K, values: T[]): { [P in K]?: T[] } {
  return (values.length === 0 ? {} : { [key]: values }) as { [P in K]?: T[] };
}
