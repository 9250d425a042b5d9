import type { BytePath } from "#sys/byte-path.ts";
import { OpenFolder } from "./open-folder.ts";

/** Deeper folders are not counted: each level holds a descriptor, and nothing honest is nested like that. */
const DEEPEST = 1000;
const BLOCK = 512n;

/** Bytes on disk of all that is below a folder, the folder itself left out; a file with several names counts once. As `du` counts. */
export function measureFolder(path: BytePath): number {
  using folder = new OpenFolder(path);
  return Number(measure(folder, new Set(), 0));
}

function measure(folder: OpenFolder, counted: Set<string>, depth: number): bigint {
  let total = 0n;
  for (const { name, isFolder } of folder.entries()) {
    const { blocks, nlink, dev, ino } = folder.stat(name);
    const identity = `${dev}:${ino}`;
    if (isFolder || nlink === 1n || !counted.has(identity)) total += blocks * BLOCK;
    if (!isFolder && nlink > 1n) counted.add(identity);
    if (isFolder && depth < DEEPEST) {
      using child = folder.open(name);
      total += measure(child, counted, depth + 1);
    }
  }
  return total;
}
