import type { BigIntStats } from "node:fs";
import type { BytePath } from "#lib/byte-path.ts";
import { OpenFolder } from "./open-folder.ts";

/** Deeper folders are not counted: each level holds a descriptor, and nothing honest is nested like that. */
const DEEPEST = 1000;
const BLOCK = 512n;

/** Bytes that the regular files below a folder hold; a file with several names counts once. As Docker counts the size of a layer. */
export function contentOfFolder(path: BytePath): number {
  using folder = new OpenFolder(path);
  return Number(sum(folder, new Set(), 0, (stats) => (stats.isFile() ? stats.size : 0n)));
}

/** Bytes on disk of all that is below a folder, the folder itself left out; a file with several names counts once. As `du` counts. */
export function measureFolder(path: BytePath): number {
  using folder = new OpenFolder(path);
  return Number(sum(folder, new Set(), 0, ({ blocks }) => blocks * BLOCK));
}

function sum(folder: OpenFolder, counted: Set<string>, depth: number, bytesOf: (stats: BigIntStats) => bigint): bigint {
  let total = 0n;
  for (const { name, isFolder } of folder.entries()) {
    const stats = folder.stat(name);
    const { nlink, dev, ino } = stats;
    const identity = `${dev}:${ino}`;
    if (isFolder || nlink === 1n || !counted.has(identity)) total += bytesOf(stats);
    if (!isFolder && nlink > 1n) counted.add(identity);
    if (isFolder && depth < DEEPEST) {
      using child = folder.open(name);
      total += sum(child, counted, depth + 1, bytesOf);
    }
  }
  return total;
}
