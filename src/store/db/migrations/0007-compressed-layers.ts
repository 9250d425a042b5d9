import type { Migration } from "../database.ts";

/** What a plain layer became when it was compressed on its way to a registry: whoever pushes it again can ask for that. */
export const compressedLayers: Migration = {
  version: 7,
  name: "compressed-layers",
  up(writer) {
    writer.run(`CREATE TABLE compressed_layer (
      diff_id TEXT PRIMARY KEY,
      digest TEXT NOT NULL,
      size INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
  },
};
