import type { Migration } from "../database.ts";

export const volumes: Migration = {
  version: 4,
  name: "volumes",
  up() {},
};
