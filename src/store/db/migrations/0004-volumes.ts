import type { Migration } from "../database.ts";

/**
 * Volumes, and which container has which of them where. `owned` marks a volume that was made for a container without a name and
 * goes with the last one that has it; `filled` that the image's content has been offered to it once.
 */
export const volumes: Migration = {
  version: 4,
  name: "volumes",
  up(writer) {
    writer.run("CREATE TABLE volumes (name TEXT PRIMARY KEY, created TEXT NOT NULL, labels TEXT NOT NULL) STRICT");
    writer.run(`CREATE TABLE volume_uses (
      container TEXT NOT NULL,
      target TEXT NOT NULL,
      volume TEXT NOT NULL REFERENCES volumes (name),
      owned INTEGER NOT NULL,
      filled INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (container, target)
    ) STRICT`);
    writer.run("CREATE INDEX volume_uses_by_volume ON volume_uses (volume)");
  },
};
