import type { DiskSpace, GcRule } from "#spec/build/gc.ts";
import type { PruneOptions } from "./choose-victims.ts";

/** What a rule comes to on a disk of so many bytes, at a time in ms since 1970. */
export function optionsOf({ all, reserved, mostUsed, leastFree, unusedFor, filters }: GcRule, disk: number, now: number): PruneOptions {
  return {
    all,
    reserved: bytesOf(reserved, disk),
    mostUsed: bytesOf(mostUsed, disk),
    leastFree: bytesOf(leastFree, disk),
    until: unusedFor === undefined ? undefined : now - unusedFor,
    filters,
  };
}

function bytesOf(space: DiskSpace | undefined, disk: number): number | undefined {
  if (space === undefined) return undefined;
  return "bytes" in space ? space.bytes : Math.floor((disk * space.percent) / 100);
}
