/** Keys of the filters that POST /build/prune understands. `unused-for` is what `until` was called once. */
export const buildPruneFilterKeys = ["until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private"] as const;
