import { settlesWithin } from "#lib/within.ts";
import { countsAsRunning, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { bootOrder } from "../restore/boot-order.ts";
import { stopPlan } from "./stop.ts";
import { stopRun, type StopRunDeps } from "./stop-run.ts";

type StopAllDeps = StopRunDeps & Pick<ContainerContext, "holds" | "logger">;

/** Seconds beyond the longest stop timeout: for those that wait for their dependants, and for the kernel. Docker's. */
const GRACE = 5;

/**
 * Stops everything for the daemon's own end, each container with its own signal and time, those first that depend on others. No
 * restart policy steps in, and none is told: what was up comes up with the next daemon.
 *
 * @param leastSeconds how long that may take; containers with a longer stop timeout prolong it, and negative is for ever. What runs
 *   then, runs on.
 */
export async function stopAllContainers(deps: StopAllDeps, leastSeconds: number): Promise<void> {
  deps.holds.forEnd();
  const running = [...deps.store.all()].filter(({ state }) => countsAsRunning(state));
  const dependants = dependantsOf(running);
  const ended = new Map(running.map(({ id }) => [id, Promise.withResolvers<void>()]));
  const all = running.map(async (container) => {
    const before = (dependants.get(container.id) ?? []).flatMap((id) => ended.get(id)?.promise ?? []);
    if (before.length > 0) await settlesWithin(Promise.all(before), GRACE * 1000);
    await stopOne(deps, container);
    ended.get(container.id)?.resolve();
  });
  const seconds = shutdownSeconds(running, leastSeconds);
  if (seconds < 0) await Promise.all(all);
  else if (!(await settlesWithin(Promise.all(all), seconds * 1000)))
    deps.logger.error({ seconds }, "some containers did not stop in time; they run on");
}

/** moby's rule: the longest of the daemon's time and each container's, which gets some seconds more. Negative is for ever. */
export function shutdownSeconds(running: readonly Container[], leastSeconds: number): number {
  const own = running.map((container) => stopPlan(container.name, container, {}, false).timeoutMs / 1000);
  if (leastSeconds < 0 || own.some((seconds) => seconds < 0)) return -1;
  return Math.max(leastSeconds, ...own.map((seconds) => seconds + GRACE));
}

/** Who has to end before a container does, by its id. */
function dependantsOf(running: readonly Container[]): Map<string, string[]> {
  const { waits } = bootOrder(running, new Set(running.map(({ id }) => id)));
  const dependants = new Map<string, string[]>();
  for (const [id, list] of waits) {
    for (const wait of list) dependants.set(wait.id, [...(dependants.get(wait.id) ?? []), id]);
  }
  return dependants;
}

async function stopOne(deps: StopAllDeps, container: Container): Promise<void> {
  try {
    await stopRun(deps, container.id, { ...stopPlan(container.id, container, {}, false), tell: true });
  } catch (error) {
    deps.logger.error({ container: container.id, error }, "a container could not be stopped");
  }
}
