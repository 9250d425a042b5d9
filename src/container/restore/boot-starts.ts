import { buryContainer } from "../bury.ts";
import { countsAsRunning, exitCodeOf, type Container } from "../container.ts";
import { restartByPolicy, runContainer, type RunDeps } from "../run.ts";
import { shouldRunAtBoot } from "../restart-policy.ts";
import { forEachLimited } from "./for-each-limited.ts";

/** How many are started at once: the API has to answer meanwhile, and one that hangs must not hold up the rest. */
const AT_ONCE = 4;

/**
 * Brings up what restart policies want up, and removes containers that were to be removed at their end and have none any more.
 * Failures are logged; each stands in its container's state.
 */
export async function bootStarts(deps: RunDeps): Promise<void> {
  await forEachLimited([...deps.store.all()], AT_ONCE, async (container) => {
    if (!deps.closing.aborted) await settleAtBoot(deps, container.id);
  });
}

async function settleAtBoot(deps: RunDeps, id: string): Promise<void> {
  if (!deps.store.has(id)) return;
  const { state } = deps.store.get(id);
  try {
    if (state.status === "restarting") await restartByPolicy(deps, id);
    else await deps.locks.run(id, async () => await settleResting(deps, id));
  } catch (error) {
    deps.logger.warn({ container: id, error }, "a container could not be started with the daemon");
  }
}

async function settleResting(deps: RunDeps, id: string): Promise<void> {
  if (!deps.store.has(id)) return;
  const container = deps.store.get(id);
  if (countsAsRunning(container.state)) return;
  if (container.hostConfig.AutoRemove === true) await buryContainer(deps, container, true);
  else if (isWantedUp(container)) await runContainer(deps, container, container.restartCount);
}

/** One that never ran waits for its first start. */
function isWantedUp({ state, hostConfig, restartCount }: Container): boolean {
  if (state.status !== "exited") return false;
  return shouldRunAtBoot({
    policy: hostConfig.RestartPolicy,
    exitCode: exitCodeOf(state),
    stopRequested: state.stopRequested,
    restartCount,
  });
}
