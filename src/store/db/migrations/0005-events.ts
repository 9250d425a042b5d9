import type { Migration } from "../database.ts";

export const events: Migration = {
  version: 5,
  name: "events",
  up() {},
};
