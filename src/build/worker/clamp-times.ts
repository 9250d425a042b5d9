import type { BigIntStats } from "node:fs";
import { bytePathOf } from "#lib/byte-path.ts";
import * as node from "#sys/files/node-file.ts";
import { OpenFolder } from "#store/tree/open-folder.ts";
import { isWhiteout } from "#store/tree/nodes.ts";

const BILLION = 1_000_000_000n;
const DEEPEST = 1000;

/** Nothing in a tree is newer than SOURCE_DATE_EPOCH afterwards; what is older keeps its time. */
export function clampTimes(folder: string, seconds: number, cancelled: () => void): void {
  using root = new OpenFolder(`${bytePathOf(folder)}/.`);
  clampIn(root, seconds, cancelled, 0);
}

function clampIn(folder: OpenFolder, seconds: number, cancelled: () => void, depth: number): void {
  if (depth > DEEPEST) return;
  for (const { name } of folder.entries()) {
    cancelled();
    const stats = folder.stat(name);
    if (isWhiteout(stats)) continue;
    if (stats.isDirectory()) {
      using inner = folder.open(name);
      clampIn(inner, seconds, cancelled, depth + 1);
    }
    if (isLater(stats, seconds)) node.setTimes(folder.child(name), { seconds, nanoseconds: 0 });
  }
}

function isLater({ mtimeNs }: BigIntStats, seconds: number): boolean {
  return mtimeNs > BigInt(seconds) * BILLION;
}
