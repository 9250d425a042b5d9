import { emitContainerEvent } from "../record/container-events.ts";
import { isActive, type Active, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";

export type SignalDeps = Pick<ContainerContext, "store" | "runtime" | "events" | "health">;

/**
 * Signals a container whose lock is held.
 *
 * @param thaw for a signal that is to end it: a frozen process takes none before it is thawed.
 */
export async function sendSignal(deps: SignalDeps, container: Container, signal: number, thaw: boolean): Promise<void> {
  await deps.runtime.kill(container.id, signal);
  emitContainerEvent(deps.events, container, "kill", { signal: String(signal) });
  if (thaw && container.state.status === "paused") await thawContainer(deps, container, container.state);
}

export async function thawContainer(deps: SignalDeps, container: Container, state: Active): Promise<void> {
  await deps.runtime.resume(container.id);
  const thawed = deps.store.update(container.id, { state: { ...state, status: "running", frozenForCommit: undefined } });
  deps.health.resume(thawed, state.startedAt);
  emitContainerEvent(deps.events, container, "unpause");
}

/** Writes down that a user wants it to end, so that no restart policy brings it back, not even after a crash of the daemon. */
export function noteStopRequest(deps: SignalDeps, container: Container): Container {
  if (!isActive(container.state)) return container;
  return deps.store.update(container.id, { state: { ...container.state, stopRequested: true } });
}
