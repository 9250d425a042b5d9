import type { Migration } from "../database.ts";

export const containers: Migration = {
  version: 2,
  name: "containers",
  up() {},
};
