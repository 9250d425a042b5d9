import { chmod, chown, lstat, mkdir, opendir, readdir, rename, rmdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type HeldFolder, RootFolder } from "#sys/in-root.ts";
import type { VolumeContext } from "./deps.ts";

type Deps = Pick<VolumeContext, "trees">;

/** The image's content while it is being copied: worthless when the copy was cut off. */
const COPYING = "copying";
/** The whole copy, on its way into the volume entry by entry: what a kill leaves here is moved at the next start. */
const COPIED = "copied";

/**
 * Offers what the image has at the target to the volume: copied when the volume is empty, with owners, modes, times and attributes, and the
 * volume takes the owner and mode of the image's folder. For a caller that holds the volume's lock.
 *
 * The root is the image's: its folder is found inside the root, links and all (CVE-2022-23648), and held while it is copied.
 *
 * @param folder the volume's own folder.
 */
export async function fillVolume(deps: Deps, folder: string, rootfs: string, target: string): Promise<void> {
  const content = join(folder, "_data");
  if (!(await isEmpty(content))) return;
  using root = new RootFolder(rootfs);
  using source = root.holdFolder(target);
  if (source === undefined) return;
  if (!(await isEmpty(source.path))) await copyContent(deps, folder, source);
  await copyLooks(source.path, content);
}

/** Ends what a kill interrupted. */
export async function finishFilling({ trees }: Deps, folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.includes(COPYING)) await trees.remove(join(folder, COPYING));
  if (names.includes(COPIED)) await moveIntoPlace(folder);
}

async function copyContent({ trees }: Deps, folder: string, source: HeldFolder): Promise<void> {
  const copying = join(folder, COPYING);
  await mkdir(copying, { mode: 0o700 });
  try {
    await trees.copy(source.path, copying);
  } catch (error) {
    await trees.remove(copying);
    throw error;
  }
  await rename(copying, join(folder, COPIED));
  await moveIntoPlace(folder);
}

/** One by one, so that the volume stays the same folder for whoever has it mounted; a name that somebody took meanwhile is theirs. */
async function moveIntoPlace(folder: string): Promise<void> {
  const [copied, content] = [join(folder, COPIED), join(folder, "_data")];
  const names = await readdir(copied, { encoding: "buffer" });
  for (const name of names) {
    const target = Buffer.concat([Buffer.from(`${content}/`), name]);
    if (!(await isThere(target))) await rename(Buffer.concat([Buffer.from(`${copied}/`), name]), target);
  }
  await rmdir(copied).catch(() => undefined);
}

async function copyLooks(from: string, to: string): Promise<void> {
  const { uid, gid, mode, atime, mtime } = await stat(from);
  await chown(to, uid, gid);
  await chmod(to, mode & 0o7777);
  await utimes(to, atime, mtime);
}

async function isThere(path: Buffer): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

async function isEmpty(folder: string): Promise<boolean> {
  await using entries = await opendir(folder);
  return (await entries.read()) === null;
}
