import { messageOf } from "#errors/engine-error.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { exitCodeOf, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { finishRemoval, type RemovalDeps } from "./finish-removal.ts";

export type BuryDeps = RemovalDeps & Pick<ContainerContext, "events" | "waiters" | "timers" | "health">;

/**
 * Takes a container that has no process any more out of the world. When this returns its name is free, it is in no list, and
 * whoever waited for its removal has been told; its lock is held meanwhile.
 */
export async function buryContainer(deps: BuryDeps, container: Container, removeVolumes: boolean): Promise<void> {
  deps.timers.reset(container.id);
  deps.health.forget(container.id);
  deps.store.bury(container.id, removeVolumes);
  // A client that lists volumes after `rm -v` expects them gone, and after any `rm` that it may remove them.
  if (mayHaveVolumes(container)) await releaseVolumes(deps, container.id, removeVolumes);
  emitContainerEvent(deps.events, container, "destroy");
  finishRemoval(deps, { id: container.id, removeVolumes });
  // Without the reason of a failed start: its caller has been told, and the CLI would print it a second time.
  deps.waiters.removed(container.id, { exitCode: exitCodeOf(container.state) });
}

/** The container is gone by now, whatever becomes of them: what fails is done again with its other remains. */
async function releaseVolumes({ volumes, logger }: BuryDeps, id: string, removeAnonymous: boolean): Promise<void> {
  try {
    await volumes.release(id, { removeAnonymous });
  } catch (error) {
    logger.warn({ container: id, error: messageOf(error) }, "the volumes of a container cannot be given up yet");
  }
}

/** Which a dead one has nobody knows. */
function mayHaveVolumes({ mounts, damage }: Container): boolean {
  return damage !== undefined || mounts.some((mount) => mount.type === "volume");
}
