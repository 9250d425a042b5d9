import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { recordedVolume } from "../manage/inspect.ts";
import { TRASH_PREFIX } from "../driver/local.ts";
import { copyLooks } from "../mount/fill-volume.ts";
import type { BackupContext } from "./deps.ts";

type Deps = Pick<BackupContext, "store" | "holds" | "locks" | "trees" | "whileFrozen">;

/** A volume's content at one moment, until it is disposed of. */
export interface StillContent extends AsyncDisposable {
  readonly folder: string;
}

/**
 * The content of a volume as it is at one moment. Of a volume that containers have, that is a copy, made while they stand still: without moving
 * data where the file system can (reflinks), so that whoever reads it takes the time he needs. The volume stays meanwhile.
 *
 * @param root where the copy may lie: on the volumes' own file system, under a name that the next daemon clears away.
 */
export async function stillContent(deps: Deps, root: string, name: string): Promise<StillContent> {
  const volume = recordedVolume(deps.store, name);
  const holder = `backup-${randomBytes(8).toString("hex")}`;
  const folder = await deps.locks.run(name, () => deps.holds.mount(volume, holder));
  const release = async (): Promise<void> => await deps.holds.release(holder);
  const users = [...new Set(deps.store.usesOf(name).map(({ container }) => container))];
  if (users.length === 0) return { folder, [Symbol.asyncDispose]: release };
  const copy = join(root, `${TRASH_PREFIX}${randomBytes(8).toString("hex")}`);
  const clear = async (): Promise<void> => await deps.trees.remove(copy);
  try {
    await mkdir(copy, { recursive: true, mode: 0o700 });
    await deps.whileFrozen(users, () => deps.trees.copy(folder, copy));
    await copyLooks(folder, copy);
    return { folder: copy, [Symbol.asyncDispose]: clear };
  } catch (error) {
    await clear();
    throw error;
  } finally {
    await release();
  }
}
