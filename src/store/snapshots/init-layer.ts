import { constants, lstatSync, rmdirSync, symlinkSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { closeDescriptor } from "#sys/files/node-file.ts";
import { RootFolder } from "#sys/files/in-root.ts";

/**
 * The places of a root that the engine and the runtime mount on, and what Docker puts there, too. An image may have a link at any of
 * them, and a runtime that follows it works on the host: CVE-2026-41579 (/dev), CVE-2019-19921 and CVE-2023-28642 (/proc), and the
 * files that are bound over /etc. So before a container starts each is made a real folder or file, in a layer between the image and what the
 * container writes: neither `docker diff` nor `docker commit` shows it.
 */
const FOLDERS = ["/dev/mqueue", "/dev/pts", "/dev/shm", "/proc", "/sys/fs/cgroup"];
const FILES = ["/.dockerenv", "/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
const MOUNT_TABLE = { folder: "/etc", name: "mtab", target: "/proc/mounts" } as const;
/** As in Docker's. */
const MODE = 0o755;

const O_PATH = 0x20_0000;

/** All that `makeMountPoints` may make. */
export const madeForMounts: readonly string[] = [
  ...FOLDERS.flatMap((path) => path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"))).filter(Boolean),
  ...FILES,
  "/etc",
  "/etc/mtab",
];

/** Makes the places below a folder; what stands in the way and is no folder (no file) is replaced. */
export function makeMountPoints(folder: string): void {
  using root = new RootFolder(folder);
  for (const path of FOLDERS) root.forceFolder(path, MODE);
  for (const path of FILES) forceFileOrFolder(root, path);
  makeMountTable(root);
}

/** Takes away what `makeMountPoints` made, and nobody has put anything into: of a root that becomes a layer over `below`. */
export function unmakeMountPoints(folder: string, below: string | undefined): void {
  using root = new RootFolder(folder);
  using lower = below === undefined ? undefined : new RootFolder(below);
  // What is in a folder before the folder.
  for (const path of madeForMounts.toSorted().toReversed()) if (lower?.lstat(path) === undefined) removeUntouched(root, path);
}

function removeUntouched(root: RootFolder, path: string): void {
  const there = root.lstat(path);
  if (there === undefined) return;
  using parent = root.holdFolder(dirname(path));
  if (parent === undefined) return;
  const name = `${parent.path}/${basename(path)}`;
  if (there.isDirectory()) removeIfEmpty(name);
  else if (there.isSymbolicLink() || (there.isFile() && there.size === 0)) unlinkSync(name);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
  }
}

/**
 * A container that could unmount its /proc, or whose files were changed while it was stopped, may have put links back. Called at every
 * mount: three calls when all is well.
 */
export function guardMountPoints(folder: string): void {
  const honest = ["dev", "proc", "sys"].every((name) => lstatSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true);
  if (!honest) makeMountPoints(folder);
}

/** A folder where a file belongs stays: the runtime fails on it, in the container. */
function forceFileOrFolder(root: RootFolder, path: string): void {
  if (root.lstat(path)?.isDirectory() !== true) root.forceFile(path, MODE);
}

function makeMountTable(root: RootFolder): void {
  const { folder, name, target } = MOUNT_TABLE;
  const there = root.lstat(`${folder}/${name}`);
  if (there?.isDirectory() === true) return;
  const fd = root.open(folder, O_PATH | constants.O_DIRECTORY);
  try {
    if (there !== undefined) unlinkSync(`/proc/self/fd/${fd}/${name}`);
    symlinkSync(target, `/proc/self/fd/${fd}/${name}`);
  } finally {
    closeDescriptor(fd);
  }
}
