import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { emitContainerEvent } from "./container-events.ts";
import { isActive, type Container } from "./container.ts";
import type { ContainerContext } from "./deps.ts";
import { completeResources } from "./host-config.ts";
import { checkRestartPolicy } from "./restart-policy.ts";
import { factsWithoutRun, specInput } from "./spec-input.ts";

export type UpdateDeps = Pick<ContainerContext, "store" | "locks" | "sandbox" | "runtime" | "events" | "options">;

/**
 * Changes limits and the restart policy, in a running container at once.
 *
 * @param change the fields that are to change; 0, "" and absent leave a limit as it is.
 * @throws EngineError `not-found`, `invalid`, or `conflict` when the new limits contradict each other or the kernel refuses them.
 */
export async function updateContainer(
  deps: UpdateDeps,
  reference: string,
  change: HostConfig,
): Promise<{ readonly warnings: readonly string[] }> {
  const { id } = deps.store.find(reference);
  if (change.RestartPolicy?.Name) checkRestartPolicy(change.RestartPolicy);
  return await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    const hostConfig = changedHostConfig(container, change);
    const warnings = deps.sandbox.check(container.config, hostConfig);
    if (isActive(container.state)) await applyLimits(deps, { ...container, hostConfig }, change);
    deps.store.update(id, { hostConfig });
    emitContainerEvent(deps.events, container, "update");
    return { warnings };
  });
}

function changedHostConfig({ id, hostConfig }: Container, change: HostConfig): HostConfig {
  const conflict = (problem: string): EngineError => new EngineError("conflict", `Cannot update container ${id}: ${problem}`);
  const { RestartPolicy: policy, ...resources } = change;
  const given = Object.fromEntries(Object.entries(resources).filter(([name, value]) => isGiven(name, value)));
  if (policy?.Name && policy.Name !== "no" && hostConfig.AutoRemove === true) {
    throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
  }
  if (given["Memory"] !== undefined && given["MemorySwap"] === undefined && swapIsBelow(hostConfig, resources.Memory ?? 0)) {
    throw conflict("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
  }
  const changed: HostConfig = { ...hostConfig, ...given, ...(policy?.Name ? { RestartPolicy: policy } : {}) };
  return { ...changed, ...completeResources(changed) };
}

/** Zero says nothing, but for the pids: it takes the limit away there. */
function isGiven(name: string, value: unknown): boolean {
  return value !== undefined && value !== "" && (value !== 0 || name === "PidsLimit");
}

/** moby counts a swap of 0, which a container without a memory limit has, as below any. */
function swapIsBelow({ MemorySwap = 0 }: HostConfig, memory: number): boolean {
  return MemorySwap !== -1 && memory > MemorySwap;
}

/** The new limits are computed as those of a start are, from the whole HostConfig. */
async function applyLimits(deps: UpdateDeps, container: Container, { PidsLimit: pids }: HostConfig): Promise<void> {
  const devices = await deps.sandbox.lookUpDevices(container.hostConfig);
  const { linux } = deps.sandbox.spec(specInput(deps.options, container, factsWithoutRun(container, devices)));
  // Which devices it may open was settled at its start.
  const { devices: _, ...limits } = linux?.resources ?? {};
  const unlimited = pids !== undefined && pids <= 0 ? { pids: { limit: -1 } } : {};
  try {
    await deps.runtime.update(container.id, { ...limits, ...unlimited });
  } catch (cause) {
    throw new EngineError("conflict", `Cannot update container ${container.id}: ${messageOf(cause)}`, { cause });
  }
}
