/** For tests: what is in a tree, one line a node. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** `path type mode[ =content|-> target|major:minor]`, in order. Folders end with a slash. */
export function listing(root: string, at = ""): string[] {
  return readdirSync(join(root, at))
    .toSorted()
    .flatMap((name) => {
      const path = join(at, name);
      const stats = lstatSync(join(root, path));
      if (stats.isDirectory()) return [`${path}/ ${modeOf(stats.mode)}`, ...listing(root, path)];
      return [`${path} ${modeOf(stats.mode)} ${described(join(root, path))}`];
    });
}

function described(path: string): string {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  if (stats.isFile()) return `=${readFileSync(path, "latin1").slice(0, 40)}`;
  if (stats.isFIFO()) return "fifo";
  return `${stats.isCharacterDevice() ? "char" : "block"} ${(stats.rdev >> 8) & 0xfff}:${stats.rdev & 0xff}`;
}

function modeOf(mode: number): string {
  return (mode & 0o7777).toString(8);
}
