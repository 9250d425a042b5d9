import { lstatSync, readdirSync, readlinkSync, type BigIntStats, type Stats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import { removeEmptyFolder, removeFile } from "#sys/files/node-file.ts";

/** Looking at and clearing nodes of a tree, by bytes. Synchronous, for threads. */

/** Undefined when nothing is there. */
export function look(path: BytePath): Stats | undefined {
  try {
    return lstatSync(bytes(path));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (missing) return undefined;
    throw error;
  }
}

/** A character device 0:0: what an overlay takes for a deleted name; a lowest layer may show it as it is. */
export function isWhiteout(stats: Stats | BigIntStats): boolean {
  return stats.isCharacterDevice() && Number(stats.rdev) === 0;
}

export function readLink(path: BytePath): BytePath {
  return readlinkSync(bytes(path), { encoding: "buffer" }).toString("latin1");
}

export function namesIn(folder: BytePath): string[] {
  return readdirSync(bytes(folder), { encoding: "buffer" }).map((name) => name.toString("latin1"));
}

/**
 * Removes whatever is at the path, with everything below it. Links are removed, not followed. For trees whose paths are all shorter than
 * PATH_MAX, such as a layer that is being unpacked; for others there is `removeFolder`.
 */
export function removeTree(path: BytePath, stats: Stats): void {
  if (!stats.isDirectory()) {
    removeFile(path);
    return;
  }
  for (const name of namesIn(path)) {
    const child = `${path}/${name}`;
    const childStats = look(child);
    if (childStats !== undefined) removeTree(child, childStats);
  }
  removeEmptyFolder(path);
}

/** Node wants its paths without the NUL at the end. */
function bytes(path: BytePath): Buffer {
  return cString(path).subarray(0, -1);
}
