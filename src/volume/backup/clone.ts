import { stat } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import { recordedVolume } from "../manage/inspect.ts";
import { ANONYMOUS_LABEL, shortName, validateVolumeName, type Volume } from "../volume.ts";
import type { BackupContext } from "./deps.ts";
import { fillNew } from "./import.ts";
import { stillContent } from "./still-content.ts";

/**
 * Makes a volume of the local driver with another's content and labels; data is shared on the disk where the file system can.
 *
 * @throws EngineError `not-found`, `invalid` for a name, `conflict` for one that there is.
 */
export async function cloneVolume(deps: BackupContext, root: string, name: string, to: string): Promise<Volume> {
  validateVolumeName(to);
  const { [ANONYMOUS_LABEL]: _, ...labels } = recordedVolume(deps.store, name).labels;
  if (deps.store.get(to) !== undefined) throw new EngineError("conflict", `clone ${shortName(to)}: a volume of that name is there already`);
  await using still = await stillContent(deps, root, name);
  const { uid, gid, mode } = await stat(still.folder);
  const copy = async (folder: string): Promise<{ uid: number; gid: number; mode: number }> => {
    await deps.trees.copy(still.folder, folder);
    return { uid, gid, mode: mode & 0o7777 };
  };
  return await fillNew(deps, to, copy, labels);
}
