import type { Migration } from "../database.ts";

export const images: Migration = {
  version: 1,
  name: "images",
  up() {},
};
