import { mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes a folder and those above it, each durable: a file in it would otherwise be lost with it. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Each try is lost to somebody who got on meanwhile: with as many as a registry serves at once this many are not lost in a row. */
const MOST_TRIES = 100;

/** Moves a file to its place and makes that durable. The folder, or one above it, may be swept away by somebody in between, also while it is made. */
export async function moveInto(temporary: string, path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await makeFolder(dirname(path));
      await rename(temporary, path);
      return await syncFolder(dirname(path));
    } catch (error) {
      if (!isMissing(error) || tries >= MOST_TRIES) throw error;
    }
  }
}

/** Writes a temporary file, synced. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(bytes);
  await file.datasync();
}

export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, "r+");
  await file.datasync();
}

async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, "r");
    await folder.sync();
  } catch (error) {
    // Swept away empty by now: so there is nothing in it to be kept.
    if (!isMissing(error)) throw error;
  }
}

/** Takes away folders that have become empty, from `path` up to below `root`. */
export async function pruneFolders(path: string, root: string): Promise<void> {
  for (let folder = path; folder.length > root.length; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}

export function removeFile(path: string): Promise<void> {
  return rm(path, { force: true });
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
