import { emitContainerEvent } from "../../record/container-events.ts";
import { isActive } from "../../record/container.ts";
import type { ContainerContext } from "../../deps.ts";

export type OomDeps = Pick<ContainerContext, "store" | "locks" | "events" | "logger" | "closing">;

/**
 * The kernel has killed processes of a running container for memory: the container lives on, is marked, and the journal is told.
 *
 * @param kills how many in this run, so far.
 */
export async function noteOomKills(deps: OomDeps, id: string, kills: number): Promise<void> {
  try {
    await deps.locks.run(id, async () => note(deps, id, kills));
  } catch (error) {
    deps.logger.error({ container: id, error }, "that a container ran out of memory could not be recorded");
  }
}

function note({ store, events, closing }: OomDeps, id: string, kills: number): void {
  const container = store.has(id) ? store.get(id) : undefined;
  // With its end everything is told that is not told yet (on-exit.ts).
  if (closing.aborted || container === undefined || !isActive(container.state) || kills <= (container.state.oomKills ?? 0)) return;
  store.update(id, { state: { ...container.state, oomKills: kills } });
  emitContainerEvent(events, container, "oom");
}
