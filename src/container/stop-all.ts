import { countsAsRunning, type Container } from "./container.ts";
import type { ContainerContext } from "./deps.ts";
import { stopPlan } from "./stop.ts";
import { stopRun, type StopRunDeps } from "./stop-run.ts";

type StopAllDeps = StopRunDeps & Pick<ContainerContext, "holds">;

/**
 * Stops everything for the daemon's own end, each container with its own signal and time, at most `timeoutMs`. No restart policy steps
 * in, and none is told: what was up comes up with the next daemon.
 */
export async function stopAllContainers(deps: StopAllDeps, timeoutMs: number): Promise<void> {
  const running = [...deps.store.all()].filter(({ state }) => countsAsRunning(state));
  await Promise.all(running.map(async (container) => await stopOne(deps, container, timeoutMs)));
}

async function stopOne(deps: StopAllDeps, container: Container, timeoutMs: number): Promise<void> {
  using _hold = deps.holds.forRestart(container.id);
  const plan = stopPlan(container.id, container, {}, false);
  const own = plan.timeoutMs < 0 ? timeoutMs : plan.timeoutMs;
  try {
    await stopRun(deps, container.id, { ...plan, timeoutMs: Math.min(own, timeoutMs) });
  } catch (error) {
    deps.logger.error({ container: container.id, error }, "a container could not be stopped");
  }
}
