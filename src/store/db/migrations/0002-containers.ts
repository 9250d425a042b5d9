import type { Migration } from "../database.ts";

/**
 * `definition` changes with rename and update alone; `state` at every step of a container's life, so it is small and apart.
 * A removal is what is left to do for a container that is no longer there, or whose creation was not finished.
 */
export const containers: Migration = {
  version: 2,
  name: "containers",
  up(writer) {
    writer.run(`CREATE TABLE containers (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      created INTEGER NOT NULL,
      definition TEXT NOT NULL,
      state TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`);
    writer.run(`CREATE TABLE container_removals (
      id TEXT PRIMARY KEY,
      remove_volumes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
  },
};
