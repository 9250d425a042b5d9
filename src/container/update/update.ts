import { EngineError, messageOf } from "#errors/engine-error.ts";
import { changedLimits } from "#runtime/oci/limits/changed-limits.ts";
import type { Limits } from "#runtime/oci/limits/write.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { networkRateOf, type RateChange, withRate } from "#spec/network/rate.ts";
import { changedBindings, isEmptyChange, type PortChange } from "#spec/network/port-change.ts";
import { checkNetworkRate } from "../create/check-create.ts";
import { networkRequest } from "../create/network-request.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { isActive, requireWhole, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { checkRestartPolicy } from "../restart/restart-policy.ts";
import { factsWithoutRun, specInput } from "../run/spec-input.ts";
import { changedHostConfig } from "./update-rules.ts";

export type UpdateDeps = Pick<ContainerContext, "store" | "locks" | "sandbox" | "runtime" | "networks" | "events" | "options">;

/**
 * Changes limits and the restart policy, in a running container at once.
 *
 * @param change the fields that are to change; 0, "", [] and absent leave a limit as it is.
 * @param rate texts for the labels of the network rate (spec/network/rate.ts).
 * @param ports what is to be published beside what is, and what no longer.
 * @throws EngineError `not-found`, `invalid`, or `conflict` when the new limits contradict each other or the kernel refuses them: then
 * nothing has changed.
 */
export async function updateContainer(
  deps: UpdateDeps,
  reference: string,
  change: HostConfig,
  { rate = {}, ports = {} }: OwnChanges = {},
): Promise<{ readonly warnings: readonly string[] }> {
  const { id } = deps.store.find(reference);
  if (change.RestartPolicy?.Name) checkRestartPolicy(change.RestartPolicy);
  return await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    requireWhole(container);
    const wanted = changedHostConfig(container, change);
    const warnings = newWarnings(deps, container, wanted);
    const limited = withRateChange({ ...container, hostConfig: deps.sandbox.supported(wanted) }, rate);
    const changed = withPortChange(deps, limited, ports);
    // First, since it is what others can be in the way of; it fails before anything else has changed.
    if (isActive(container.state) && !isEmptyChange(ports)) await deps.networks.republish(id, ports);
    if (isActive(container.state)) await applyChange(deps, container, changed);
    deps.store.update(id, { config: changed.config, hostConfig: changed.hostConfig });
    emitContainerEvent(deps.events, container, "update");
    return { warnings };
  });
}

/** What Docker's update does not change. */
export interface OwnChanges {
  readonly rate?: RateChange | undefined;
  readonly ports?: PortChange | undefined;
}

/** Kept where it was asked for at the creation. @throws EngineError `invalid`. */
function withPortChange({ networks }: UpdateDeps, container: Container, change: PortChange): Container {
  if (isEmptyChange(change)) return container;
  const { config, hostConfig } = container;
  const added = Object.keys(change.Add ?? {}).map((key) => [key, {}] as const);
  const changed = {
    ...container,
    config: { ...config, ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(added) } },
    hostConfig: { ...hostConfig, PortBindings: changedBindings(hostConfig.PortBindings ?? {}, change) },
  };
  if (!isActive(container.state)) networks.validate(networkRequest(changed));
  return changed;
}

/** What was said at the creation is not said again. */
function newWarnings({ sandbox }: UpdateDeps, { config, hostConfig }: Container, wanted: HostConfig): string[] {
  const known = new Set(sandbox.check(config, hostConfig));
  return sandbox.check(config, wanted).filter((warning) => !known.has(warning));
}

/** The rate is kept where it was asked for: in the labels. @throws EngineError `invalid`. */
function withRateChange(container: Container, change: RateChange): Container {
  const labels = withRate(container.config.Labels, change);
  if (labels === container.config.Labels) return container;
  const config = { ...container.config, Labels: labels };
  checkNetworkRate(config, container.hostConfig);
  return { ...container, config };
}

/** All of it or nothing: when the network cannot be limited, the other limits are as they were. */
async function applyChange(deps: UpdateDeps, before: Container, after: Container): Promise<void> {
  await applyLimits(deps, before, after.hostConfig);
  if (after.config.Labels === before.config.Labels) return;
  try {
    await deps.networks.limit(after.id, networkRateOf(after.config.Labels));
  } catch (cause) {
    await applyLimits(deps, after, before.hostConfig);
    throw new EngineError("conflict", `Cannot update container ${after.id}: ${messageOf(cause)}`, { cause });
  }
}

/** Both sets of limits are computed as those of a start are, from the whole HostConfig. */
async function applyLimits(deps: UpdateDeps, container: Container, hostConfig: HostConfig): Promise<void> {
  const [before, after] = await Promise.all([limitsOf(deps, container), limitsOf(deps, { ...container, hostConfig })]);
  const limits = changedLimits(before, after);
  if (Object.keys(limits).length === 0) return;
  try {
    await deps.runtime.update(container.id, limits);
  } catch (cause) {
    throw new EngineError("conflict", `Cannot update container ${container.id}: ${messageOf(cause)}`, { cause });
  }
}

async function limitsOf(deps: UpdateDeps, container: Container): Promise<Limits> {
  const devices = await deps.sandbox.lookUpDevices(container.hostConfig);
  const { linux } = deps.sandbox.spec(specInput(deps.options, container, factsWithoutRun(container, devices)));
  // Which devices it may open was settled at its start.
  const { devices: _, ...limits } = linux?.resources ?? {};
  return limits;
}
