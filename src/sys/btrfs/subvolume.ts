import { lstatSync, statfsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { checked, libc } from "../ffi.ts";
import { nameArguments, READ_ONLY, snapshotArguments, TOP_OF_TREE } from "./requests.ts";
import { askBtrfs, entriesBelow, entriesInside, treeOf, withFolder, withInode, writtenBytes } from "./trees.ts";

/**
 * Subvolumes of btrfs: folders with a tree of their own, of which a snapshot costs the same whatever they hold. Making one commits a
 * transaction of the file system, which takes as long as a sync: for threads.
 */
const syncfs = libc("int syncfs(int fd)");

/** statfs(2), f_type. */
const BTRFS = 0x9123_683e;

export function isSubvolume(path: string): boolean {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.ino === TOP_OF_TREE && statfsSync(path).type === BTRFS;
}

/** An empty one, at a path where nothing is. @throws SystemCallError (`EEXIST`, `ENOTTY` on another file system, …). */
export function makeSubvolume(path: string): void {
  withFolder(dirname(path), (folder) => askBtrfs(folder, "create", nameArguments(basename(path)), path));
}

/** With all that is in another at this moment, apart from subvolumes inside it: an empty folder is in the place of each. */
export function snapshotSubvolume(from: string, path: string): void {
  withFolder(from, (source) => {
    withFolder(dirname(path), (folder) => askBtrfs(folder, "snapshot", snapshotArguments(source, basename(path)), path));
  });
}

/** Whether subvolumes lie inside one: a snapshot would leave them out. */
export function hasSubvolumes(path: string): boolean {
  return withFolder(path, (fd) => entriesInside(fd, treeOf(fd)).length > 0);
}

/** Removes one with all that is in it, whatever it holds; its blocks come free behind. */
export function removeSubvolume(path: string): void {
  withFolder(path, (fd) => removeInside(fd, treeOf(fd)));
  withFolder(dirname(path), (folder) => askBtrfs(folder, "destroy", nameArguments(basename(path)), path));
}

/** Bytes on the disk that are its own: what it has from the one that it is a snapshot of is left out. */
export function subvolumeBytes(path: string): number {
  return withFolder(path, (fd) => {
    // The trees know of what has its place on the disk.
    checked("syncfs", syncfs(fd), path);
    return writtenBytes(fd, treeOf(fd));
  });
}

/**
 * Whoever owns a folder can make subvolumes in it, one inside the other, and write-protect them: a container too. They are found in the
 * tree of all roots and opened by inode, since their paths may be longer than the kernel takes. Deepest first.
 */
function removeInside(fd: number, top: bigint): void {
  unprotectFolder(fd);
  const found = entriesBelow(fd, top);
  for (const { tree } of found) withInode(fd, tree, TOP_OF_TREE, unprotectFolder);
  for (const { parent, folder, name } of found.toReversed())
    withInode(fd, parent, folder, (holder) => askBtrfs(holder, "destroy", nameArguments(name)));
}

/** What lies in a write-protected one cannot be removed. */
function unprotectFolder(fd: number): void {
  const flags = Buffer.alloc(8);
  askBtrfs(fd, "getFlags", flags);
  const value = flags.readBigUInt64LE();
  if ((value & READ_ONLY) === 0n) return;
  flags.writeBigUInt64LE(value & ~READ_ONLY);
  askBtrfs(fd, "setFlags", flags);
}
