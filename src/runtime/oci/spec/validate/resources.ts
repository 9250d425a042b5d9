import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { HostFacts } from "../../spec-input.ts";
import { refuseUnavailable } from "./cpuset.ts";

/** Docker's floor: with less a container dies before its program starts. */
const LEAST_MEMORY = 6 * 1024 * 1024;

/** Texts are dockerd's, which clients show and match. @throws EngineError `invalid`. */
export function validateResources(hostConfig: HostConfig, host: HostFacts): void {
  for (const problem of [
    ...memoryProblems(hostConfig),
    ...cpuProblems(hostConfig, host),
    ...realtimeProblems(hostConfig, host),
    ...otherProblems(hostConfig, host),
  ]) {
    throw new EngineError("invalid", problem);
  }
  refuseUnavailable("cpus", hostConfig.CpusetCpus ?? "", host.onlineCpus ?? `0-${host.cpus - 1}`);
  refuseUnavailable("mems", hostConfig.CpusetMems ?? "", host.onlineMemoryNodes ?? "0");
}

function* memoryProblems({ Memory = 0, MemorySwap = 0, MemoryReservation = 0, MemorySwappiness = -1 }: HostConfig): Generator<string> {
  if (Memory !== 0 && Memory < LEAST_MEMORY) yield "Minimum memory limit allowed is 6MB";
  if (MemorySwap < -1) yield `Invalid value ${MemorySwap} for memory swap, want -1 (unlimited) or more`;
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) yield "Minimum memoryswap limit should be larger than memory limit, see usage";
  if (Memory === 0 && MemorySwap > 0) yield "You should always set the Memory limit when using Memoryswap limit, see usage";
  if (MemorySwappiness !== -1 && (MemorySwappiness < 0 || MemorySwappiness > 100)) {
    yield `Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`;
  }
  if (MemoryReservation !== 0 && MemoryReservation < LEAST_MEMORY) yield "Minimum memory reservation allowed is 6MB";
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation) {
    yield "Minimum memory limit can not be less than memory reservation limit, see usage";
  }
}

function* cpuProblems(
  { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0 }: HostConfig,
  { cpus, missingLimits = [] }: HostFacts,
): Generator<string> {
  if (NanoCpus > 0 && missingLimits.includes("cpuBandwidth")) {
    yield "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted";
  }
  if (NanoCpus > 0 && CpuPeriod > 0) yield "Conflicting options: Nano CPUs and CPU Period cannot both be set";
  if (NanoCpus > 0 && CpuQuota > 0) yield "Conflicting options: Nano CPUs and CPU Quota cannot both be set";
  // Below 0.01 the kernel's least quota of 1 ms in 100 ms is not reached, and the runtime would fail with words of its own.
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9 || (NanoCpus > 0 && NanoCpus < 1e7)) {
    yield `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`;
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    yield "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)";
  }
  if (CpuQuota > 0 && CpuQuota < 1000) yield "CPU cfs quota can not be less than 1ms (i.e. 1000)";
  if (CpuQuota < -1) yield `Invalid value ${CpuQuota} for CPU quota, want -1 (unlimited) or at least 1000`;
  if (CpuShares < 0) yield `invalid CPU shares (${CpuShares}): value must be a positive integer`;
}

function* realtimeProblems({ CpuRealtimePeriod = 0, CpuRealtimeRuntime = 0 }: HostConfig, host: HostFacts): Generator<string> {
  if (CpuRealtimePeriod === 0 && CpuRealtimeRuntime === 0) return;
  if (host.cgroup === "v2" || host.missingLimits?.includes("cpuRealtime") === true)
    yield "Your kernel does not support CPU real-time scheduler";
  if (CpuRealtimePeriod < 0 || CpuRealtimeRuntime < 0) yield "cpu real-time period and runtime can not be less than 0";
  if (CpuRealtimePeriod !== 0 && CpuRealtimeRuntime > CpuRealtimePeriod)
    yield "cpu real-time runtime cannot be higher than cpu real-time period";
}

function* otherProblems(hostConfig: HostConfig, { blkioWeight }: HostFacts): Generator<string> {
  const { BlkioWeight = 0, BlkioWeightDevice = [], ShmSize = 0, OomScoreAdj = 0 } = hostConfig;
  // Where there are no weights they are discarded, with a warning, whatever they are.
  const weights =
    blkioWeight === false ? [] : [...(BlkioWeight === 0 ? [] : [BlkioWeight]), ...BlkioWeightDevice.map(({ Weight = 0 }) => Weight)];
  if (!weights.every(isWeight)) yield "Range of blkio weight is from 10 to 1000";
  const throttles = ["BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"] as const;
  for (const field of throttles) {
    if (hostConfig[field]?.some(({ Rate = 0 }) => Rate < 0) === true) yield `invalid ${field}: a rate can not be less than 0`;
  }
  if (ShmSize < 0) yield "SHM size can not be less than 0";
  if (OomScoreAdj < -1000 || OomScoreAdj > 1000) yield `Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`;
}

function isWeight(weight: number): boolean {
  return weight >= 10 && weight <= 1000;
}
