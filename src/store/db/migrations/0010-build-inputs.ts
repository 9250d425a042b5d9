import type { Migration } from "../database.ts";

/**
 * What steps of builds were made from, to tell later why one was not found in the cache: by the instruction (`place`) and by where it stood (`position`).
 * `inputs` is a list of lines, compressed by zstd. The newest are kept.
 */
export const buildInputs: Migration = {
  version: 10,
  name: "build-inputs",
  up(writer) {
    writer.run(`CREATE TABLE build_inputs (
      id INTEGER PRIMARY KEY,
      place TEXT NOT NULL,
      position TEXT NOT NULL,
      instruction TEXT NOT NULL,
      inputs BLOB NOT NULL
    ) STRICT`);
    writer.run("CREATE INDEX build_inputs_by_place ON build_inputs (place)");
    writer.run("CREATE INDEX build_inputs_by_position ON build_inputs (position)");
  },
};
