import { chmod, chown, lstat, mkdir, opendir, readdir, rename, rmdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { RootFolder } from "#sys/files/in-root.ts";
import type { VolumeContext } from "../deps.ts";

type Deps = Pick<VolumeContext, "trees">;

/** Where a volume's content is, and where on the same file system a copy is put together: beside it, or where there is no such place, in it. */
export interface FillPlace {
  readonly content: string;
  readonly work: string;
}

/** The image's content while it is being copied: worthless when the copy was cut off. */
const COPYING = "copying";
/** The whole copy, on its way into the volume entry by entry: what a kill leaves here is moved at the next start. */
const COPIED = "copied";
/** A new ext4 file system is not quite empty. */
const LOST_AND_FOUND = "lost+found";

export function besideContent(folder: string): FillPlace {
  return { content: join(folder, "_data"), work: folder };
}

export function insideContent(content: string): FillPlace {
  return { content, work: content };
}

/**
 * Offers what the image has at the target to the volume: copied when the volume is empty, with owners, modes, times and attributes, and the
 * volume takes the owner and mode of the image's folder. For a caller that holds the volume's lock.
 *
 * The root is the image's: its folder is found inside the root, links and all (CVE-2022-23648), and held while it is copied.
 */
export async function fillVolume(deps: Deps, place: FillPlace, rootfs: string, target: string): Promise<void> {
  if (!(await isEmpty(place.content))) return;
  using root = new RootFolder(rootfs);
  using source = root.holdFolder(target);
  if (source === undefined) return;
  if (!(await isEmpty(source.path))) await putContent(deps, place, (folder) => deps.trees.copy(source.path, folder));
  await copyLooks(source.path, place.content);
}

/** Ends what a kill interrupted. */
export async function finishFilling({ trees }: Deps, place: FillPlace): Promise<void> {
  const [copying, copied] = [nameIn(place, COPYING), nameIn(place, COPIED)];
  const names = await readdir(place.work);
  if (names.includes(copying)) await trees.remove(join(place.work, copying));
  if (names.includes(copied)) await moveIntoPlace(place);
}

/**
 * Fills an empty volume with all that `write` puts into a folder, or, when that throws or the daemon is killed, with nothing. For a caller that
 * holds the volume's lock.
 */
export async function putContent({ trees }: Deps, place: FillPlace, write: (folder: string) => Promise<void>): Promise<void> {
  const copying = join(place.work, nameIn(place, COPYING));
  await mkdir(copying, { mode: 0o700 });
  try {
    await write(copying);
  } catch (error) {
    await trees.remove(copying);
    throw error;
  }
  await rename(copying, join(place.work, nameIn(place, COPIED)));
  await moveIntoPlace(place);
}

/** In a volume it must be nobody else's. */
function nameIn({ content, work }: FillPlace, name: string): string {
  return content === work ? `.dhow-${name}` : name;
}

/** One by one, so that the volume stays the same folder for whoever has it mounted; a name that somebody took meanwhile is theirs. */
async function moveIntoPlace(place: FillPlace): Promise<void> {
  const [copied, content] = [join(place.work, nameIn(place, COPIED)), place.content];
  const names = await readdir(copied, { encoding: "buffer" });
  for (const name of names) {
    const target = Buffer.concat([Buffer.from(`${content}/`), name]);
    if (!(await isThere(target))) await rename(Buffer.concat([Buffer.from(`${copied}/`), name]), target);
  }
  await rmdir(copied).catch(() => undefined);
}

export async function copyLooks(from: string, to: string): Promise<void> {
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

export async function isEmpty(folder: string): Promise<boolean> {
  await using entries = await opendir(folder);
  for (let entry = await entries.read(); entry !== null; entry = await entries.read()) if (entry.name !== LOST_AND_FOUND) return false;
  return true;
}
