import { matchesAny, type Filters } from "#spec/filters/filters.ts";
import type { CacheEntry } from "./cache-entry.ts";

/** What `prune` is asked for; bytes. */
export interface PruneOptions {
  /** Also what images have, too. */
  readonly all: boolean;
  /** As much as this stays, whatever else is asked for. */
  readonly reserved: number | undefined;
  /** No more than this stays. */
  readonly mostUsed: number | undefined;
  /** As much as this is free on the disk afterwards, if the cache has it to give. */
  readonly leastFree: number | undefined;
  /** Used last before this, ms since 1970. */
  readonly until: number | undefined;
  readonly filters: Filters;
}

/**
 * What goes, first what was not used for the longest. Nothing that a build has open.
 *
 * @param free bytes on the disk.
 */
export function chooseVictims(entries: readonly CacheEntry[], options: PruneOptions, free: number): CacheEntry[] {
  const candidates = entries
    .filter((entry) => isMeant(entry, options))
    .toSorted((a, b) => a.lastUsed - b.lastUsed || a.created - b.created);
  const total = entries.reduce((sum, entry) => sum + ownSize(entry), 0);
  const goal = bytesToFree(total, options, free);
  const chosen: CacheEntry[] = [];
  let freed = 0;
  for (const entry of candidates) {
    if (goal !== undefined && freed >= goal) break;
    if (total - freed - ownSize(entry) < (options.reserved ?? 0) && ownSize(entry) > 0) continue;
    chosen.push(entry);
    freed += ownSize(entry);
  }
  return chosen;
}

/** What an image has as well takes up no room of its own. */
export function ownSize({ shared, size }: CacheEntry): number {
  return shared ? 0 : size;
}

/** Undefined: all that is meant. */
function bytesToFree(total: number, { mostUsed, leastFree, reserved }: PruneOptions, free: number): number | undefined {
  if (mostUsed === undefined && leastFree === undefined) return reserved === undefined ? undefined : Math.max(0, total - reserved);
  return Math.max(0, mostUsed === undefined ? 0 : total - mostUsed, leastFree === undefined ? 0 : leastFree - free);
}

function isMeant(entry: CacheEntry, { all, until, filters }: PruneOptions): boolean {
  if (entry.inUse || (entry.shared && !all)) return false;
  if (until !== undefined && entry.lastUsed >= until) return false;
  const isSet = (key: string): boolean => filters.has(key);
  if (isSet("inuse") || (isSet("shared") && !entry.shared) || (isSet("private") && entry.shared)) return false;
  return (
    matchesAny(filters, "id", (id) => entry.id.startsWith(id)) &&
    matchesAny(filters, "type", (kind) => entry.kind === kind) &&
    matchesAny(filters, "parent", (parent) => entry.parents.includes(parent)) &&
    matchesAny(filters, "description", (text) => entry.description.includes(text))
  );
}
