import type { Filters } from "../filters/filters.ts";

/** So many bytes, or a share of the disk that the builder's cache lies on. */
export type DiskSpace = { readonly bytes: number } | { readonly percent: number };

/** What goes of the builder's cache by itself. Rules are applied in order, each to what those before it have left. */
export interface GcRule {
  /** Also what images have, too. */
  readonly all: boolean;
  /** As much as this stays, whatever the others say. */
  readonly reserved: DiskSpace | undefined;
  /** No more than this stays. */
  readonly mostUsed: DiskSpace | undefined;
  /** As much as this is free on the disk afterwards, if the cache has it to give. */
  readonly leastFree: DiskSpace | undefined;
  /** Only what was not used for as long, in milliseconds. */
  readonly unusedFor: number | undefined;
  readonly filters: Filters;
}
