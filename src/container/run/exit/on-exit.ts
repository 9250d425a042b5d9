import type { ProcessExit } from "#runtime/contract.ts";
import { buryContainer, type BuryDeps } from "../../remove/bury.ts";
import { emitContainerEvent } from "../../record/container-events.ts";
import { afterExit, isActive, type Active, type Container } from "../../record/container.ts";
import type { ContainerContext } from "../../deps.ts";
import { releaseRun, type ReleaseDeps } from "../release-run.ts";
import { shouldRestart } from "../../restart/restart-policy.ts";

export type ExitDeps = ReleaseDeps & BuryDeps & Pick<ContainerContext, "holds" | "health">;

/** `ranMs` when the restart policy brings the container back. */
export type AfterExit = { readonly restart: false } | { readonly restart: true; readonly ranMs: number };

/**
 * What follows the end of a container's process, with its lock held: the exit is written down, told to the journal, and only then to
 * those who wait. Ports are free by then. Slow work goes on behind.
 */
export async function handleExit(deps: ExitDeps, id: string, exit: ProcessExit): Promise<AfterExit> {
  const container = deps.store.has(id) ? deps.store.get(id) : undefined;
  if (container === undefined || !isActive(container.state)) return { restart: false };
  deps.health.rest(id);
  const restart = !deps.holds.has(id) && isWantedBack(container, container.state, exit);
  const finishedAt = exit.finishedAt.getTime();
  const restartCount = container.restartCount + (restart ? 1 : 0);
  const { told, kills } = oomKills(container.state, exit);
  const ending = { exitCode: exit.exitCode, finishedAt, oomKilled: kills > 0 };
  const ended = deps.store.update(id, { state: afterExit(container.state, ending, restart), restartCount });
  const ranMs = Math.max(0, finishedAt - container.state.startedAt);
  if (deps.holds.takeStop(id)) emitContainerEvent(deps.events, ended, "stop");
  if (kills > told) emitContainerEvent(deps.events, ended, "oom");
  emitContainerEvent(deps.events, ended, "die", {
    exitCode: String(exit.exitCode),
    execDuration: String(Math.trunc(ranMs / 1000)),
  });
  await releaseRun(deps, id, { keepRoot: restart || deps.holds.isRestarting(id) });
  if (restart) return { restart, ranMs };
  if (ended.hostConfig.AutoRemove === true && !deps.holds.has(id)) await buryContainer(deps, ended, true);
  else deps.waiters.exited(id, { exitCode: exit.exitCode });
  return { restart: false };
}

/** Those of the last moment were not told yet; those that were told stay, also where the counter is gone. */
function oomKills({ oomKills: told = 0 }: Active, exit: ProcessExit): { told: number; kills: number } {
  return { told, kills: Math.max(told, exit.oomKills ?? (exit.oomKilled ? 1 : 0)) };
}

function isWantedBack(container: Container, state: Active, exit: ProcessExit): boolean {
  return shouldRestart({
    policy: container.hostConfig.RestartPolicy,
    exitCode: exit.exitCode,
    stopRequested: state.stopRequested,
    restartCount: container.restartCount,
  });
}
