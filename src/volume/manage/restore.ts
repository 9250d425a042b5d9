import { existsSync } from "node:fs";
import { mkdir, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#errors/engine-error.ts";
import { folderMode, TRASH_PREFIX } from "../driver/local.ts";
import type { VolumeContext } from "../deps.ts";
import { release } from "../mount/release.ts";
import { DRIVER } from "../volume.ts";

/**
 * At the daemon's start, before any container is: what was mounted for runs that have ended meanwhile, and for whoever looked at files when the
 * last daemon ended, is given back.
 *
 * @param running ids of the containers that run.
 */
export async function restoreMounts({ holds, stage }: VolumeContext, running: ReadonlySet<string>): Promise<void> {
  for (const holder of stage.holders()) if (!running.has(holder)) await stage.release(holder);
  holds.releaseStale(running);
}

/** What an image's content is kept under begins with the container's id. */
const CONTAINER_ID = 64;

/**
 * At the daemon's start: containers that a kill kept from coming into being have no volumes, a volume that was not finished is none, and
 * content that was on its way out goes.
 *
 * @param root folder of all volumes.
 * @param containers ids of those that exist.
 */
export async function restoreVolumes(deps: VolumeContext, root: string, containers: ReadonlySet<string>): Promise<void> {
  await mkdir(root, { recursive: true, mode: folderMode(deps.owner) });
  for (const container of deps.store.users()) {
    if (!containers.has(container)) await release(deps, container, { removeAnonymous: true });
  }
  const names = await readdir(root);
  for (const name of names) if (!name.startsWith(TRASH_PREFIX) && deps.store.get(name) === undefined) await settleUnknown(deps, root, name);
  for (const name of deps.images.reserved()) if (!containers.has(name.slice(0, CONTAINER_ID))) await deps.images.release(name);
  const trash = names.filter((name) => name.startsWith(TRASH_PREFIX));
  void emptyTrash(
    deps,
    trash.map((name) => join(root, name)),
  );
}

/**
 * A folder without a record was never given to anybody, and is empty. Unless the record was lost: then its content is somebody's, and it
 * becomes a volume again.
 */
async function settleUnknown({ store, logger }: VolumeContext, root: string, name: string): Promise<void> {
  const [folder, content] = [join(root, name), join(root, name, "_data")];
  await rmdir(content).catch(() => undefined);
  await rmdir(folder).catch(() => undefined);
  if (!existsSync(content)) return;
  logger.warn({ volume: name }, "the content of a volume was found, and no record of it; it is a volume again, without labels");
  store.add({ name, created: new Date().toISOString(), labels: {}, driver: DRIVER, options: {} });
}

/** Behind everything else: it may be a lot. */
async function emptyTrash({ trees, logger }: VolumeContext, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await trees
      .remove(folder)
      .catch((error: unknown) => logger.warn({ folder, error: messageOf(error) }, "the content of a removed volume is left"));
  }
}
