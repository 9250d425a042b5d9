import type { Migration } from "../database.ts";

/** What is said of an image: the blob of an in-toto predicate, which `image_blob` keeps. */
export const attestations: Migration = {
  version: 11,
  name: "attestations",
  up(writer) {
    writer.run(`CREATE TABLE image_attestation (
      image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
      predicate_type TEXT NOT NULL,
      digest TEXT NOT NULL,
      PRIMARY KEY (image_id, predicate_type)
    ) STRICT, WITHOUT ROWID`);
  },
};
