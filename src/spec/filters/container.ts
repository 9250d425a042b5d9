/** What `GET /containers/json` takes. `isolation` is Windows', and matches `default` alone. */
export const containerListFilterKeys: readonly string[] = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
];

/** What `POST /containers/prune` takes. */
export const containerPruneFilterKeys: readonly string[] = ["label", "label!", "until"];
