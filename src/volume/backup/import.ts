import { chmod, chown } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import { decompress } from "#store/unpack/decompress.ts";
import { createLocked } from "../manage/create.ts";
import { recordedVolume } from "../manage/inspect.ts";
import { removeVolume } from "../manage/remove.ts";
import { besideContent, type FillPlace, finishFilling, insideContent, isEmpty, putContent } from "../mount/fill-volume.ts";
import { isPlain, shortName, validateVolumeName, type Volume } from "../volume.ts";
import type { BackupContext } from "./deps.ts";
import { firstFolder, type FolderLooks, toItsEnd } from "./first-folder.ts";

/**
 * Fills a volume from an archive, compressed or not; the volume is made when there is none of that name. All of it is there afterwards, or, when the
 * archive is broken or cut off, nothing of it, and no volume that was not there before.
 *
 * @throws EngineError `invalid` for a broken archive, `conflict` for a volume that holds something already, or is in use.
 */
export async function importVolume(
  deps: BackupContext,
  name: string,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Volume> {
  validateVolumeName(name);
  return await fillNew(deps, name, async (folder) => {
    const { looks, whole } = await firstFolder(decompress(archive));
    await toItsEnd(whole, (content) => deps.archives.unpack(folder, content, signal));
    return looks && { ...looks, ...deps.archives.ownerOnHost(looks) };
  });
}

/** @param write puts content into a folder, and says how the volume's own is to look. */
export async function fillNew(
  deps: BackupContext,
  name: string,
  write: (folder: string) => Promise<FolderLooks | undefined>,
  labels: Volume["labels"] = {},
): Promise<Volume> {
  const isNew = deps.store.get(name) === undefined;
  try {
    return await deps.locks.run(name, async () => {
      const volume = await createLocked(deps, name, { name, driver: "", driverOptions: {}, labels });
      await fillLocked(deps, volume, write);
      return recordedVolume(deps.store, name);
    });
  } catch (error) {
    if (isNew) await removeVolume(deps, name, { force: true }).catch(() => {});
    throw error;
  }
}

async function fillLocked(deps: BackupContext, volume: Volume, write: Parameters<typeof fillNew>[2]): Promise<void> {
  const { name } = volume;
  if (deps.store.usesOf(name).length > 0) throw new EngineError("conflict", `import ${shortName(name)}: volume is in use`);
  const holder = "import";
  const content = await deps.holds.mount(volume, holder);
  try {
    const place = isPlain(volume) ? besideContent(deps.store.folderOf(name)) : insideContent(content);
    await finishFilling(deps, place);
    if (!(await isEmpty(content))) throw new EngineError("conflict", `import ${shortName(name)}: the volume is not empty`);
    await putLooking(deps, place, write);
  } finally {
    await deps.holds.giveBack(volume, holder);
  }
}

async function putLooking(deps: BackupContext, place: FillPlace, write: Parameters<typeof fillNew>[2]): Promise<void> {
  let looks: FolderLooks | undefined;
  await putContent(deps, place, async (folder) => {
    looks = await write(folder);
  });
  if (looks === undefined) return;
  await chown(place.content, looks.uid, looks.gid);
  await chmod(place.content, looks.mode);
}
