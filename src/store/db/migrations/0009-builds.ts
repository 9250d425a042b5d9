import type { Migration } from "../database.ts";

/**
 * The builder's cache. A `build_record` is a layer that a step made (without `chain_id`: it changed nothing), and what it is known by are
 * its `build_key`s; a `build_mount` is the folder of a `RUN --mount=type=cache`, by the digest of its id.
 */
export const builds: Migration = {
  version: 9,
  name: "builds",
  up(writer) {
    writer.run(`CREATE TABLE build_record (
      id TEXT PRIMARY KEY,
      description TEXT NOT NULL,
      parent TEXT,
      chain_id TEXT,
      diff_id TEXT,
      size INTEGER NOT NULL,
      created INTEGER NOT NULL,
      last_used INTEGER NOT NULL,
      uses INTEGER NOT NULL
    ) STRICT`);
    writer.run("CREATE INDEX build_record_by_chain ON build_record (chain_id)");
    writer.run("CREATE INDEX build_record_by_diff ON build_record (diff_id)");
    writer.run(`CREATE TABLE build_key (
      key TEXT PRIMARY KEY,
      record TEXT NOT NULL REFERENCES build_record (id) ON DELETE CASCADE
    ) STRICT`);
    writer.run("CREATE INDEX build_key_by_record ON build_key (record)");
    writer.run(`CREATE TABLE build_mount (
      folder TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      size INTEGER NOT NULL,
      created INTEGER NOT NULL,
      last_used INTEGER NOT NULL,
      uses INTEGER NOT NULL
    ) STRICT`);
  },
};
