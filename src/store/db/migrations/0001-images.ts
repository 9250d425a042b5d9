import type { Migration } from "../database.ts";

/**
 * Images, their layers from the base up, and what points at them.
 *
 * - `layer`: an unpacked layer that an image here needs, once however many images share it.
 * - `image.config`: the exact bytes whose digest is the id; also a blob in the content store.
 * - `image_blob`: manifests and indexes that an image came by; a layer's blob stands in `image_layer`.
 * - `image_reference`: `tag` or `digest` is set, never both: a name with both is kept by its digest.
 */
export const images: Migration = {
  version: 1,
  name: "images",
  up(writer) {
    writer.run(`CREATE TABLE image (
      id TEXT PRIMARY KEY,
      config BLOB NOT NULL,
      parent TEXT,
      manifest TEXT,
      last_tagged INTEGER
    ) STRICT, WITHOUT ROWID`);
    writer.run(`CREATE TABLE layer (
      chain_id TEXT PRIMARY KEY,
      diff_id TEXT NOT NULL,
      size INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
    writer.run(`CREATE TABLE image_layer (
      image_id TEXT NOT NULL REFERENCES image ON DELETE CASCADE,
      position INTEGER NOT NULL,
      chain_id TEXT NOT NULL REFERENCES layer,
      blob TEXT,
      media_type TEXT,
      PRIMARY KEY (image_id, position)
    ) STRICT, WITHOUT ROWID`);
    writer.run("CREATE INDEX image_layer_chain ON image_layer (chain_id)");
    writer.run("CREATE INDEX image_layer_blob ON image_layer (blob)");
    writer.run(`CREATE TABLE image_blob (
      image_id TEXT NOT NULL REFERENCES image ON DELETE CASCADE,
      digest TEXT NOT NULL,
      PRIMARY KEY (image_id, digest)
    ) STRICT, WITHOUT ROWID`);
    writer.run("CREATE INDEX image_blob_digest ON image_blob (digest)");
    writer.run(`CREATE TABLE image_reference (
      name TEXT NOT NULL,
      tag TEXT,
      digest TEXT,
      image_id TEXT NOT NULL REFERENCES image ON DELETE CASCADE,
      CHECK ((tag IS NULL) <> (digest IS NULL))
    ) STRICT`);
    writer.run("CREATE UNIQUE INDEX image_reference_tag ON image_reference (name, tag) WHERE tag IS NOT NULL");
    writer.run("CREATE UNIQUE INDEX image_reference_digest ON image_reference (name, digest) WHERE digest IS NOT NULL");
    writer.run("CREATE INDEX image_reference_image ON image_reference (image_id)");
    writer.run("CREATE INDEX image_parent ON image (parent) WHERE parent IS NOT NULL");
  },
};
