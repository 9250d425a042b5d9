import { access, rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { messageOf } from "#errors/engine-error.ts";
import type { Removal } from "../record/container-store.ts";
import type { ContainerContext } from "../deps.ts";
import { containerPaths } from "../record/paths.ts";
import { releaseFolders } from "../run/release-run.ts";

export type RemovalDeps = Pick<
  ContainerContext,
  | "store"
  | "runtime"
  | "snapshots"
  | "networks"
  | "volumes"
  | "sharedMemory"
  | "attachments"
  | "background"
  | "options"
  | "onGone"
  | "logger"
>;

/** What a kernel or a disk refuses now it may grant in a moment; what still fails then waits for the next start of the daemon. */
const TRIED_AGAIN_AFTER_MS = [200, 1000, 5000];

/**
 * Does behind the answer what a removal leaves to do. Every step may find its work done: a daemon that was killed half-way does them
 * all again at its next start, because the removal is struck off last.
 */
export function finishRemoval(deps: RemovalDeps, removal: Removal): void {
  deps.attachments.end(removal.id);
  deps.background.add(removal.id, "removing what is left of a container", async () => await insistOnRemoval(deps, removal));
}

async function insistOnRemoval(deps: RemovalDeps, removal: Removal): Promise<void> {
  for (const delay of TRIED_AGAIN_AFTER_MS) {
    try {
      await removeRemains(deps, removal);
      return;
    } catch (error) {
      deps.logger.warn({ container: removal.id, error: messageOf(error) }, "something of a container cannot be removed yet");
      await setTimeout(delay);
    }
  }
  await removeRemains(deps, removal);
}

async function removeRemains(deps: RemovalDeps, { id, removeVolumes }: Removal): Promise<void> {
  const paths = containerPaths(deps.options.instance, id);
  if (await exists(paths.bundle)) {
    await deps.runtime.delete(id);
    await releaseFolders(deps, id);
  }
  await deps.networks.release(id);
  await deps.snapshots.removeWritable(id);
  await deps.volumes.release(id, { removeAnonymous: removeVolumes });
  await rm(paths.folder, { recursive: true, force: true });
  deps.store.finishRemoval(id);
  deps.onGone?.(id);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
