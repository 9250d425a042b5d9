import { both } from "../both.ts";
import { isActive } from "../record/container.ts";
import { releaseRun } from "../run/release-run.ts";
import { type RunDeps } from "../run/run.ts";
import { bootStarts, type BootDeps } from "./boot-starts.ts";
import { finishRemovals } from "./orphans.ts";
import { recoverRuns, settleFate, type Fate } from "./recover-runs.ts";

/**
 * Takes over from the daemon before this one, however it ended: containers that still run go on, those that ended meanwhile get
 * their real exit, removals are finished. When this resolves every state is true; what restart policies want is started behind.
 */
export async function restoreContainers(deps: BootDeps): Promise<void> {
  const fates = await recoverRuns(deps);
  const running = new Set(fates.filter(isRunning).map(({ id }) => id));
  await both(deps.networks.restore(running), both(deps.snapshots.sweep(running), deps.volumes.restoreMounts(running)));
  for (const fate of fates) {
    if (isLeftover(deps, fate)) await releaseRun(deps, fate.id);
    else await settleFate(deps, fate);
  }
  deps.health.keepOnly((id) => deps.store.has(id));
  await finishRemovals(deps);
  deps.background.add("boot", "starting containers with the daemon", async () => await bootStarts(deps));
}

function isRunning({ recovered }: Fate): boolean {
  return recovered.kind === "running";
}

/**
 * A bundle that was being cleaned up, of a run whose end is recorded, or of one that never came about: nothing has ended that the
 * world does not know of.
 */
function isLeftover({ store }: RunDeps, { id, recovered }: Fate): boolean {
  if (!store.has(id) || recovered.kind === "running") return false;
  const { state } = store.get(id);
  if (isActive(state)) return false;
  if (recovered.kind !== "exited") return true;
  if ("last" in state) return recovered.exit.finishedAt.getTime() <= state.last.finishedAt;
  return state.failure !== undefined;
}
