import { requireStartable } from "../record/container.ts";
import { runContainer, type RunDeps } from "./run.ts";

export type StartDeps = RunDeps;

/**
 * Starts a container that is created or has exited.
 *
 * @throws EngineError `not-found`, `not-modified` when it runs already, `conflict`, `invalid` (run.ts).
 */
export async function startContainer(deps: StartDeps, reference: string): Promise<void> {
  const { id } = deps.store.find(reference);
  await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    deps.holds.requireStaying(id);
    requireStartable(container);
    deps.timers.reset(id);
    await runContainer(deps, container, 0);
  });
}
