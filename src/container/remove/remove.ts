import { EngineError } from "#errors/engine-error.ts";
import { buryContainer, type BuryDeps } from "./bury.ts";
import { countsAsRunning, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { removeLink } from "../links/remove.ts";
import { SIGKILL } from "#spec/signals.ts";
import { stopRun, type StopRunDeps } from "../stop/stop-run.ts";

export interface RemoveOptions {
  /** Kill it when it runs. */
  readonly force: boolean;
  /** Its anonymous volumes go with it. */
  readonly volumes: boolean;
  /** Remove the link of this name, not the container. */
  readonly link: boolean;
}

export type RemoveDeps = BuryDeps & StopRunDeps & Pick<ContainerContext, "holds">;

/**
 * Removes a container. When this resolves it is gone for every other call; what it leaves on the disk goes behind the answer.
 *
 * @throws EngineError `not-found`, or `conflict` when it runs, or somebody else is removing it.
 */
export async function removeContainer(deps: RemoveDeps, reference: string, options: RemoveOptions): Promise<void> {
  if (options.link) return await removeLink(deps, reference);
  const container = deps.store.find(reference);
  using _hold = deps.holds.forRemoval(container.id);
  requireRemovable(reference, container, options.force);
  // A start that was under way when the hold was taken may still succeed, once.
  while (!(await buryAtRest(deps, reference, container.id, options))) {
    await stopRun(deps, container.id, { signal: SIGKILL, timeoutMs: 0, stayDown: true });
  }
}

/** False when it runs, and is to be killed. */
async function buryAtRest(deps: RemoveDeps, reference: string, id: string, options: RemoveOptions): Promise<boolean> {
  return await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    requireRemovable(reference, container, options.force);
    if (countsAsRunning(container.state)) return false;
    await buryContainer(deps, container, options.volumes);
    return true;
  });
}

function requireRemovable(reference: string, { state }: Container, force: boolean): void {
  if (force || !countsAsRunning(state)) return;
  const hint =
    state.status === "paused"
      ? "container is paused and must be unpaused first"
      : `container is ${state.status}: stop the container before removing or force remove`;
  throw new EngineError("conflict", `cannot remove container ${JSON.stringify(reference)}: ${hint}`);
}
