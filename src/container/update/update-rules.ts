import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { isActive, type Container } from "../record/container.ts";
import { completeResources } from "../create/host-config.ts";

/** Fields whose zero is a value: it takes the limit away, or is one. */
const ZERO_COUNTS = new Set(["PidsLimit", "MemorySwappiness"]);

/** What a container's next start sees to, and nothing can change in one that runs. */
const NEEDS_A_START = ["Devices", "DeviceCgroupRules", "DeviceRequests", "Ulimits", "CgroupParent", "Init"] as const;

/**
 * The HostConfig with a change applied, by moby's rules and texts (daemon/container/container_unix.go, UpdateContainer): 0, "", [] and absent
 * leave a field as it is.
 *
 * @throws EngineError `conflict`.
 */
export function changedHostConfig(container: Container, change: HostConfig): HostConfig {
  const { hostConfig } = container;
  const { RestartPolicy: policy, ...resources } = change;
  const given = Object.fromEntries(Object.entries(resources).filter(([name, value]) => isGiven(name, value))) as HostConfig;
  const [problem] = [...conflicts(hostConfig, given), ...restartConflicts(hostConfig, policy), ...runningConflicts(container, given)];
  if (problem !== undefined) throw new EngineError("conflict", `Cannot update container ${container.id}: ${problem}`);
  const changed: HostConfig = { ...hostConfig, ...given, ...(policy?.Name ? { RestartPolicy: policy } : {}) };
  return { ...changed, ...completeResources(changed) };
}

function isGiven(name: string, value: unknown): boolean {
  if (name === "MemorySwappiness" && value === -1) return false;
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== "" && (value !== 0 || ZERO_COUNTS.has(name));
}

function* conflicts(now: HostConfig, given: HostConfig): Generator<string> {
  const set = (value: number | undefined): boolean => (value ?? 0) > 0;
  if (set(now.NanoCpus) && given.CpuPeriod !== undefined) {
    yield "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set";
  }
  if (set(now.NanoCpus) && given.CpuQuota !== undefined) {
    yield "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set";
  }
  if (set(now.CpuQuota) && given.NanoCpus !== undefined) {
    yield "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set";
  }
  if (set(now.CpuPeriod) && given.NanoCpus !== undefined) {
    yield "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set";
  }
  if (given.Memory !== undefined && given.MemorySwap === undefined && swapIsBelow(now, given.Memory)) {
    yield "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time";
  }
}

/** moby counts a swap of 0, which a container without a memory limit has, as below any. */
function swapIsBelow({ MemorySwap = 0 }: HostConfig, memory: number): boolean {
  return MemorySwap !== -1 && memory > MemorySwap;
}

function* restartConflicts({ AutoRemove }: HostConfig, policy: HostConfig["RestartPolicy"]): Generator<string> {
  if (policy?.Name && policy.Name !== "no" && AutoRemove === true) {
    yield "Restart policy cannot be updated because AutoRemove is enabled for the container";
  }
}

/** dockerd takes these and does nothing. */
function* runningConflicts({ state, hostConfig }: Container, given: HostConfig): Generator<string> {
  if (!isActive(state)) return;
  for (const field of NEEDS_A_START) {
    if (given[field] === undefined || JSON.stringify(given[field]) === JSON.stringify(hostConfig[field])) continue;
    yield `${field} cannot be changed while the container is running`;
  }
}
