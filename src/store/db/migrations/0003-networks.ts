import type { Migration } from "../database.ts";

export const networks: Migration = {
  version: 3,
  name: "networks",
  up() {},
};
