/** Keys of the filters that GET /networks understands. */
export const networkListFilterKeys = ["dangling", "driver", "id", "label", "name", "scope", "type"] as const;

/** Keys of the filters that POST /networks/prune understands. */
export const networkPruneFilterKeys = ["label", "label!", "until"] as const;
