import { recordedVolume } from "../manage/inspect.ts";
import { validateVolumeName, type Volume } from "../volume.ts";
import type { BackupContext } from "./deps.ts";
import { exportVolume } from "./export.ts";
import { firstFolder, toItsEnd } from "./first-folder.ts";
import { fillNew } from "./import.ts";
import type { Snapshot, SnapshotStorage } from "./snapshots/contract.ts";

/**
 * Keeps the content of a volume as it is now; of what is known already from other snapshots nothing is written.
 *
 * @param keepIn where; asked when there is something to keep.
 * @throws EngineError `not-found`.
 */
export async function takeSnapshot(
  deps: BackupContext,
  root: string,
  { name, keepIn }: { readonly name: string; readonly keepIn: () => Promise<SnapshotStorage> },
  signal: AbortSignal,
): Promise<Snapshot> {
  recordedVolume(deps.store, name);
  const storage = await keepIn();
  return await storage.add(name, await exportVolume(deps, root, name, { compression: "none", signal }));
}

/**
 * Makes a volume of what a snapshot of another (or of one that is no more) holds. It is verified on the way: when a byte is not what it was, there is
 * no new volume.
 *
 * @throws EngineError `not-found`, `conflict` for a volume that holds something, `system` for a snapshot that is damaged.
 */
export async function restoreSnapshot(
  deps: BackupContext,
  storage: SnapshotStorage,
  { volume, id, to }: { readonly volume: string; readonly id: string; readonly to: string },
  signal: AbortSignal,
): Promise<Volume> {
  validateVolumeName(volume);
  validateVolumeName(to);
  const snapshot = await storage.find(volume, id);
  return await fillNew(deps, to, async (folder) => {
    const { looks, whole } = await firstFolder(storage.content(snapshot));
    await toItsEnd(whole, (content) => deps.archives.unpack(folder, content, signal));
    return looks && { ...looks, ...deps.archives.ownerOnHost(looks) };
  });
}
