/** Keys of the filters that GET /volumes understands. */
export const volumeListFilterKeys = ["dangling", "driver", "label", "name"] as const;

/** Keys of the filters that POST /volumes/prune understands. */
export const volumePruneFilterKeys = ["all", "label", "label!"] as const;
