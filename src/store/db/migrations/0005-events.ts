import type { Migration } from "../database.ts";

/**
 * The event journal. The time orders it and names each event: no two have the same. `attributes` is a JSON object of strings.
 * Without a rowid, since node:sqlite reports the last one after each insert, and a time in nanoseconds is beyond what a number holds.
 */
export const events: Migration = {
  version: 5,
  name: "events",
  up(writer) {
    writer.run(`CREATE TABLE event (
      time_nano INTEGER PRIMARY KEY,
      type TEXT NOT NULL,
      action TEXT NOT NULL,
      actor TEXT NOT NULL,
      attributes TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`);
  },
};
