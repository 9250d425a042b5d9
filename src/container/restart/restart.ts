import { emitContainerEvent } from "../record/container-events.ts";
import { countsAsRunning, requireWhole } from "../record/container.ts";
import { runContainer, type RunDeps } from "../run/run.ts";
import { stopPlan, type StopOptions } from "../stop/stop.ts";
import { stopRun, type StopRunDeps } from "../stop/stop-run.ts";

/**
 * Stops a container where it runs, and starts it. Its root stays mounted in between.
 *
 * @throws EngineError as stop and start do, but for `not-modified`.
 */
export async function restartContainer(deps: RunDeps & StopRunDeps, reference: string, options: StopOptions): Promise<void> {
  const container = deps.store.find(reference);
  requireWhole(container);
  const plan = stopPlan(reference, container, options, false);
  using _hold = deps.holds.forRestart(container.id);
  if (countsAsRunning(container.state)) {
    await stopRun(deps, container.id, { ...plan, tell: true });
  }
  await startAgain(deps, container.id);
  emitContainerEvent(deps.events, container, "restart");
}

async function startAgain(deps: RunDeps, id: string): Promise<void> {
  await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    deps.holds.requireStaying(id);
    if (countsAsRunning(container.state)) return; // Somebody was faster; it runs, as was asked for.
    deps.timers.reset(id);
    await runContainer(deps, container, 0);
  });
}
