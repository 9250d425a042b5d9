import { rm } from "node:fs/promises";
import type { ContainerContext } from "../deps.ts";
import { containerPaths } from "../record/paths.ts";

export type ReleaseDeps = Pick<
  ContainerContext,
  "networks" | "runtime" | "snapshots" | "volumes" | "logKeeper" | "sharedMemory" | "background" | "options" | "logger"
>;

/**
 * Gives back what a run took: addresses and ports before this resolves, so that the next container can have them; the process'
 * remains and the mount, which may take long to sync, behind. The bundle goes last: where it is, there is something to clean up.
 *
 * @param keepRoot the container is about to run again.
 */
export async function releaseRun(deps: ReleaseDeps, id: string, { keepRoot = false } = {}): Promise<void> {
  const logReleased = deps.logKeeper.release(containerPaths(deps.options.instance, id).logs);
  deps.background.add(id, "cleaning up after a run", async () => {
    await logReleased;
    await deps.runtime.delete(id);
    await deps.volumes.unmount(id);
    if (!keepRoot) await deps.snapshots.unmount(id);
    await releaseFolders(deps, id);
  });
  try {
    await deps.networks.release(id);
  } catch (error) {
    // Told to nobody: the run has ended whatever becomes of its addresses. The provider finds them again at its next start.
    deps.logger.error({ container: id, error }, "the network of a container that ended could not be released");
  }
}

/** Of what a run has in the exec root. */
export async function releaseFolders({ options, sharedMemory }: Pick<ReleaseDeps, "options" | "sharedMemory">, id: string): Promise<void> {
  const paths = containerPaths(options.instance, id);
  await sharedMemory.unmount(paths.sharedMemory);
  await rm(paths.bundle, { recursive: true, force: true });
}
