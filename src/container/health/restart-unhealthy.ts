import { emitContainerEvent } from "../container-events.ts";
import { isActive } from "../container.ts";
import type { ContainerContext } from "../deps.ts";
import { runContainer, type RunDeps } from "../run.ts";
import { stopPlan } from "../stop.ts";
import { stopRun, type StopRunDeps } from "../stop-run.ts";
import type { Health } from "./health.ts";

export type RestartUnhealthyDeps = RunDeps & StopRunDeps & Pick<ContainerContext, "logger">;

/**
 * Stops a container by its own signal and time, and starts it. Its events are those of a restart by hand, and before them one of ours
 * with what the last check said. It counts as a restart by a policy. A user who stops or removes it meanwhile has the last word.
 */
export async function restartUnhealthy(deps: RestartUnhealthyDeps, id: string, health: Health): Promise<void> {
  if (!deps.store.has(id) || deps.closing.aborted) return;
  const container = deps.store.get(id);
  if (container.state.status !== "running" || deps.holds.has(id)) return;
  const last = health.log.at(-1);
  emitContainerEvent(deps.events, container, "health_on_failure: restart", {
    failingStreak: String(health.failingStreak),
    exitCode: String(last?.exitCode ?? 0),
    output: last?.output ?? "",
  });
  deps.logger.warn({ container: id, name: container.name, streak: health.failingStreak }, "restarting an unhealthy container");
  using _hold = deps.holds.forRestart(id);
  await stopRun(deps, id, { ...stopPlan(container.name, container, {}, false), tell: true });
  if (await startAgain(deps, id)) emitContainerEvent(deps.events, container, "restart");
}

async function startAgain(deps: RestartUnhealthyDeps, id: string): Promise<boolean> {
  return await deps.locks.run(id, async () => {
    if (!deps.store.has(id) || deps.holds.isRemoving(id)) return false;
    const container = deps.store.get(id);
    const { state } = container;
    if (isActive(state) || state.status !== "exited" || state.stopRequested || deps.closing.aborted) return false;
    await runContainer(deps, container, container.restartCount + 1);
    return true;
  });
}
