import type { Migration } from "../database.ts";

/**
 * Networks, and the sandboxes of running containers. A sandbox's row is written before anything of it is made in the kernel and
 * deleted after all of it is gone, so that a daemon that was killed in between finds what to clean up.
 */
export const networks: Migration = {
  version: 3,
  name: "networks",
  up(writer) {
    writer.run("CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT");
    writer.run("CREATE TABLE network_sandboxes (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT");
  },
};
