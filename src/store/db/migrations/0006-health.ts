import type { Migration } from "../database.ts";

/** The last known health of a container, as JSON (container/health/health.ts). Written when its status changes. */
export const health: Migration = {
  version: 6,
  name: "health",
  up(writer) {
    writer.run(`CREATE TABLE container_health (
      id TEXT PRIMARY KEY,
      health TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`);
  },
};
