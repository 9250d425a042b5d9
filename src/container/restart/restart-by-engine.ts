import { emitContainerEvent } from "../record/container-events.ts";
import type { ContainerContext } from "../deps.ts";
import { runContainer, type RunDeps } from "../run/run.ts";
import { stopPlan } from "../stop/stop.ts";
import { stopRun, type StopRunDeps } from "../stop/stop-run.ts";

export type RestartByEngineDeps = RunDeps & StopRunDeps & Pick<ContainerContext, "logger">;

/** Why, as an event tells it before those of the restart. */
export interface RestartReason {
  readonly action: string;
  readonly details: Readonly<Record<string, string>>;
}

/**
 * Stops a container that runs, by its own signal and time, and starts it. Its events are those of a restart by hand, and it counts as
 * a restart by a policy. A user who stops or removes it meanwhile has the last word. False when nothing was done.
 */
export async function restartByEngine(deps: RestartByEngineDeps, id: string, reason: RestartReason): Promise<boolean> {
  if (!deps.store.has(id) || deps.closing.aborted) return false;
  const container = deps.store.get(id);
  if (container.state.status !== "running" || container.state.stopRequested || deps.holds.has(id)) return false;
  emitContainerEvent(deps.events, container, reason.action, reason.details);
  using _hold = deps.holds.forRestart(id);
  await stopRun(deps, id, { ...stopPlan(container.name, container, {}, false), tell: true });
  if (!(await startAgain(deps, id))) return false;
  emitContainerEvent(deps.events, container, "restart");
  return true;
}

async function startAgain(deps: RestartByEngineDeps, id: string): Promise<boolean> {
  return await deps.locks.run(id, async () => {
    if (!deps.store.has(id) || deps.holds.isRemoving(id)) return false;
    const container = deps.store.get(id);
    if (container.state.status !== "exited" || container.state.stopRequested || deps.closing.aborted) return false;
    await runContainer(deps, container, container.restartCount + 1);
    return true;
  });
}
