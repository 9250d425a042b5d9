import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

let counter = 0;

/**
 * Writes a file so that after a crash or a power cut at any instant it is the old one or the new one, whole: temporary file in
 * the same folder, fsync, rename, fsync of the folder. A symbolic link at `path` is replaced, not followed.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${counter++}`;
  try {
    await writeSynced(temporary, data, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeSynced(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  // "wx": a name that somebody planted there is refused.
  await using file = await open(path, "wx", mode);
  await file.writeFile(data);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
