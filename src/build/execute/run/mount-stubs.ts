import { rmdirSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path/posix";
import { RootFolder } from "#sys/files/in-root.ts";

/** The paths on the way to mount targets that a root does not have: what will be made for the mounts, and is no part of the layer. */
export function missingTargets(folder: string, targets: readonly string[]): string[] {
  using root = new RootFolder(folder);
  const missing = new Set<string>();
  for (const target of targets) {
    for (let path = target; path !== "/" && root.realpath(path) === undefined; path = dirname(path)) missing.add(path);
  }
  return [...missing].toSorted((a, b) => b.length - a.length);
}

/**
 * Takes away what was made for mounts and has nothing in it. The step may have put anything there, a link to elsewhere too
 * (CVE-2024-23652): only a path without a link in it is touched, and the kernel keeps it inside the root.
 */
export function removeStubs(folder: string, paths: readonly string[]): void {
  using root = new RootFolder(folder);
  for (const path of paths) {
    if (root.realpath(path) !== path) continue;
    const stats = root.lstat(path);
    using parent = root.holdFolder(dirname(path));
    if (parent === undefined || stats === undefined) continue;
    const place = `${parent.path}/${basename(path)}`;
    if (stats.isDirectory()) quietly(() => rmdirSync(place));
    else if (stats.isFile() && stats.size === 0) unlinkSync(place);
  }
}

/** A folder that has something in it by now is the step's. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
  }
}
