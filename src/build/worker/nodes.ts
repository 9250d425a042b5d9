import type { BigIntStats } from "node:fs";

/** What an overlay takes for a deleted name; a lowest layer may show it as it is. */
export function isDeletion(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}
