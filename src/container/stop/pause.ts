import { EngineError } from "#errors/engine-error.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { requireActive } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { thawContainer, type SignalDeps } from "./send-signal.ts";

export type PauseDeps = SignalDeps & Pick<ContainerContext, "locks">;

/** @throws EngineError `not-found`, or `conflict` when it is not running. */
export async function pauseContainer(deps: PauseDeps, reference: string): Promise<void> {
  const { id } = deps.store.find(reference);
  await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    if (container.state.status === "paused") throw new EngineError("conflict", `Container ${id} is already paused`);
    if (container.state.status === "restarting") {
      throw new EngineError("conflict", `Container ${id} is restarting, wait until the container is running`);
    }
    const state = requireActive(container);
    // Before: a check that is under way could not be killed any more.
    deps.health.rest(id);
    try {
      await deps.runtime.pause(id);
    } catch (error) {
      deps.health.resume(container, state.startedAt);
      throw error;
    }
    deps.store.update(id, { state: { ...state, status: "paused" } });
    emitContainerEvent(deps.events, container, "pause");
  });
}

/** @throws EngineError `not-found`, or `conflict` when it is not paused. */
export async function unpauseContainer(deps: PauseDeps, reference: string): Promise<void> {
  const { id } = deps.store.find(reference);
  await deps.locks.run(id, async () => {
    const container = deps.store.get(id);
    if (container.state.status !== "paused") throw new EngineError("conflict", `Container ${id} is not paused`);
    await thawContainer(deps, container, container.state);
  });
}
