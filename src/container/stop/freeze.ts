import { isEngineError } from "#errors/engine-error.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { isActive } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { thawContainer, type SignalDeps } from "./send-signal.ts";

export type FreezeDeps = SignalDeps & Pick<ContainerContext, "locks">;

/** Has a container that runs stand still while its files are read. One that does not run, or is paused, stays as it is. */
export async function whileFrozen<T>(deps: FreezeDeps, id: string, work: () => Promise<T>): Promise<T> {
  const frozen = await deps.locks.run(id, async () => await freeze(deps, id));
  try {
    return await work();
  } finally {
    if (frozen) await deps.locks.run(id, async () => await thawAfterCommit(deps, id));
  }
}

/** Lets a container go on that a commit had paused, and nobody since. */
export async function thawAfterCommit(deps: SignalDeps, id: string): Promise<void> {
  const container = deps.store.has(id) ? deps.store.get(id) : undefined;
  if (container === undefined || !isActive(container.state) || container.state.frozenForCommit !== true) return;
  if (container.state.status === "paused") await thawContainer(deps, container, container.state);
  // The daemon was killed between the word and the deed.
  else deps.store.update(id, { state: { ...container.state, frozenForCommit: undefined } });
}

/** What it is going to be is written down first: a daemon that is killed then thaws it when it starts. */
async function freeze(deps: FreezeDeps, id: string): Promise<boolean> {
  const container = deps.store.get(id);
  const { state } = container;
  if (state.status !== "running") return false;
  deps.store.update(id, { state: { ...state, status: "paused", frozenForCommit: true } });
  // Before: a check that is under way could not be killed any more.
  deps.health.rest(id);
  try {
    await deps.runtime.pause(id);
  } catch (error) {
    deps.health.resume(deps.store.update(id, { state }), state.startedAt);
    // It has ended this very moment: there is nothing left that could change its files.
    if (isEngineError(error, "conflict", "not-found")) return false;
    throw error;
  }
  emitContainerEvent(deps.events, container, "pause");
  return true;
}
