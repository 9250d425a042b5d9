import type { Migration } from "../database.ts";

/**
 * Who keeps a volume, and what he was told; and who has which volume mounted at this moment, which a daemon that was killed leaves to the
 * next one to know.
 */
export const volumeDrivers: Migration = {
  version: 8,
  name: "volume drivers",
  up(writer) {
    writer.run("ALTER TABLE volumes ADD COLUMN driver TEXT NOT NULL DEFAULT 'local'");
    writer.run("ALTER TABLE volumes ADD COLUMN options TEXT NOT NULL DEFAULT '{}'");
    writer.run(`CREATE TABLE volume_holds (
      volume TEXT NOT NULL,
      holder TEXT NOT NULL,
      path TEXT NOT NULL,
      PRIMARY KEY (volume, holder)
    ) STRICT`);
  },
};
