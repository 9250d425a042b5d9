import { EngineError } from "#errors/engine-error.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { exitCodeOf, isActive, settled, type Restarting } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { ExitWatch } from "../run/exit/watch.ts";
import { releaseRun, type ReleaseDeps } from "../run/release-run.ts";
import { noteStopRequest, sendSignal, type SignalDeps } from "./send-signal.ts";
import { SIGKILL } from "#spec/signals.ts";

export type StopRunDeps = SignalDeps & ReleaseDeps & Pick<ContainerContext, "locks" | "waiters" | "timers" | "holds">;

/** How long a process may take to die of SIGKILL, ms. Longer is a process that hangs in the kernel. */
const KILL_PATIENCE = 10_000;

export interface StopPlan {
  readonly signal: number;
  /** How long to wait before SIGKILL, ms; negative is for ever. */
  readonly timeoutMs: number;
  /** It shall stay down: restart policies are told. */
  readonly stayDown: boolean;
  /** There is to be an event `stop`. Docker's comes before `die`. */
  readonly tell?: boolean;
}

/** Ends a container's run. Resolves when that has been recorded; at once when there is none. */
export async function stopRun(deps: StopRunDeps, id: string, plan: StopPlan): Promise<void> {
  if (plan.tell !== true) return await endRun(deps, id, plan);
  deps.holds.noteStop(id);
  try {
    await endRun(deps, id, plan);
  } catch (error) {
    deps.holds.takeStop(id); // It still runs; what ends it one day is not this stop.
    throw error;
  }
  // There was no process that ended: it was waiting for its next run.
  if (deps.holds.takeStop(id) && deps.store.has(id)) emitContainerEvent(deps.events, deps.store.get(id), "stop");
}

async function endRun(deps: StopRunDeps, id: string, plan: StopPlan): Promise<void> {
  using watch = new ExitWatch(deps.waiters, id);
  if (!(await signalRun(deps, id, plan.signal, plan.stayDown))) return;
  if (await watch.within(plan.signal === SIGKILL ? KILL_PATIENCE : plan.timeoutMs)) return;
  if (!(await signalRun(deps, id, SIGKILL, plan.stayDown))) return;
  if (await watch.within(KILL_PATIENCE)) return;
  throw new EngineError("system", `cannot stop container: ${id}: tried to kill container, but did not receive an exit event`);
}

/** False when there is no process to signal any more. */
async function signalRun(deps: StopRunDeps, id: string, signal: number, stayDown: boolean): Promise<boolean> {
  return await deps.locks.run(id, async () => {
    if (!deps.store.has(id)) return false;
    const container = deps.store.get(id);
    if (container.state.status === "restarting") await cancelRestart(deps, id, container.state, stayDown);
    if (!isActive(container.state)) return false;
    await sendSignal(deps, stayDown ? noteStopRequest(deps, container) : container, signal, true);
    return true;
  });
}

/** Between two runs there is nothing to signal: the next one is called off. The lock is held. */
export async function cancelRestart(deps: StopRunDeps, id: string, state: Restarting, stayDown: boolean): Promise<void> {
  deps.timers.reset(id);
  const { state: after } = deps.store.update(id, { state: settled(state, stayDown) });
  await releaseRun(deps, id);
  deps.waiters.exited(id, { exitCode: exitCodeOf(after) });
}
