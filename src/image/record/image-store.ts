import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { Database, Reader, Writer } from "#store/db/database.ts";
import type { Digest } from "#spec/digest.ts";
import { canonicalName, parseReference, type Reference } from "#spec/reference.ts";
import { AttestationStore } from "./attestation-store.ts";
import { parseImageConfig } from "./image-config.ts";
import type { Image, ImageLayer } from "./image.ts";

/** What is needed to record an image. */
export interface NewImage {
  readonly id: Digest;
  readonly configBytes: Uint8Array;
  readonly manifest: Digest | undefined;
  readonly layers: readonly ImageLayer[];
  /** Manifests and indexes to keep as long as the image. */
  readonly blobs: readonly Digest[];
}

interface ImageRow {
  readonly id: Digest;
  readonly config: Uint8Array;
  readonly parent: Digest | null;
  readonly manifest: Digest | null;
  readonly last_tagged: number | null;
}

interface LayerRow {
  readonly image_id: Digest;
  readonly chain_id: Digest;
  readonly diff_id: Digest;
  readonly size: number;
  readonly blob: Digest | null;
  readonly media_type: string | null;
}

interface ReferenceRow {
  readonly name: string;
  readonly tag: string | null;
  readonly digest: Digest | null;
  readonly image_id: Digest;
}

const LAYERS = "SELECT image_id, chain_id, diff_id, size, blob, media_type FROM image_layer JOIN layer USING (chain_id)";

/** Images in the engine's database. Parsed images are remembered until a write that concerns them. */
export class ImageStore {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #known = new Map<Digest, Image>();
  readonly attestations: AttestationStore;

  constructor({ database, logger }: { database: Database; logger: Logger }) {
    this.#database = database;
    this.#logger = logger;
    this.attestations = new AttestationStore(database);
  }

  get(id: Digest): Image | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const image = this.#read("WHERE id = ?", "WHERE image_id = ?", id)[0];
    if (image !== undefined) this.#known.set(id, image);
    return image;
  }

  all(): Image[] {
    const ids = this.#database.read((reader) => reader.all<{ id: Digest }>("SELECT id FROM image"));
    if (ids.some(({ id }) => !this.#known.has(id))) {
      for (const image of this.#read("", "")) this.#known.set(image.id, image);
    }
    return ids.flatMap(({ id }) => this.#known.get(id) ?? []);
  }

  /** How many there are, without reading them. */
  count(): number {
    return this.#database.read((reader) => reader.get<{ count: number }>("SELECT count(*) AS count FROM image"))?.count ?? 0;
  }

  /** Ids that start with these hex digits; two are enough to know that it is ambiguous. */
  idsByPrefix(hex: string): Digest[] {
    const rows = this.#database.read((reader) =>
      reader.all<{ id: Digest }>("SELECT id FROM image WHERE id >= ? AND id < ? LIMIT 2", `sha256:${hex}`, `sha256:${hex}g`),
    );
    return rows.map(({ id }) => id);
  }

  /** The image a tag or a repository digest points at. A reference with both goes by its digest. */
  idOf(reference: Reference): Digest | undefined {
    const { where, value } = keyOf(reference);
    const row = this.#database.read((reader) =>
      reader.get<{ image_id: Digest }>(`SELECT image_id FROM image_reference WHERE name = ? AND ${where}`, canonicalName(reference), value),
    );
    return row?.image_id;
  }

  /** The configuration file's exact bytes. @throws EngineError `not-found`. */
  configOf(id: Digest): Uint8Array {
    const row = this.#database.read((reader) => reader.get<Pick<ImageRow, "config">>("SELECT config FROM image WHERE id = ?", id));
    if (row === undefined) throw new EngineError("not-found", `No such image: ${id}`, { code: "no-such-image" });
    return row.config;
  }

  /** Tags of a repository, by its canonical name. */
  tagsOf(name: string): string[] {
    const sql = "SELECT tag FROM image_reference WHERE name = ? AND tag IS NOT NULL ORDER BY tag";
    return this.#database.read((reader) => reader.all<{ tag: string }>(sql, name)).map(({ tag }) => tag);
  }

  /** Canonical names of repositories that images with this layer came from, or were pushed to. */
  repositoriesWith(diffId: Digest): string[] {
    const sql = `SELECT DISTINCT name FROM image_reference JOIN image_layer USING (image_id) JOIN layer USING (chain_id)
      WHERE image_reference.digest IS NOT NULL AND diff_id = ? ORDER BY name`;
    return this.#database.read((reader) => reader.all<{ name: string }>(sql, diffId)).map(({ name }) => name);
  }

  childrenOf(id: Digest): Digest[] {
    const rows = this.#database.read((reader) => reader.all<{ id: Digest }>("SELECT id FROM image WHERE parent = ?", id));
    return rows.map((row) => row.id);
  }

  /** Records an image; one that is known already keeps its references and gains the blobs. */
  add(image: NewImage): void {
    this.#write(image.id, (writer) => {
      writer.run(
        "INSERT OR IGNORE INTO image (id, config, manifest) VALUES (?, ?, ?)",
        image.id,
        image.configBytes,
        image.manifest ?? null,
      );
      if (image.manifest !== undefined) writer.run("UPDATE image SET manifest = ? WHERE id = ?", image.manifest, image.id);
      image.layers.forEach((layer, position) => addLayer(writer, image.id, position, layer));
      for (const digest of image.blobs) writer.run("INSERT OR IGNORE INTO image_blob (image_id, digest) VALUES (?, ?)", image.id, digest);
    });
  }

  /** All that `work` writes here, or, when it throws or the daemon is killed, nothing. */
  atOnce<T>(work: () => T): T {
    return this.#database.transact(work);
  }

  setParent(id: Digest, parent: Digest): void {
    this.#write(id, (writer) => writer.run("UPDATE image SET parent = ? WHERE id = ?", parent, id));
  }

  /**
   * Points a tag or a repository digest at an image.
   *
   * @returns the image that it pointed at before, if that was another.
   */
  setReference(reference: Reference, id: Digest, now: number): Digest | undefined {
    const previous = this.idOf(reference);
    if (previous === id) return undefined;
    this.#write(id, (writer) => {
      deleteReference(writer, reference);
      const tag = reference.digest === undefined ? (reference.tag ?? "latest") : null;
      const values = [canonicalName(reference), tag, reference.digest ?? null, id] as const;
      writer.run("INSERT INTO image_reference (name, tag, digest, image_id) VALUES (?, ?, ?, ?)", ...values);
      writer.run("UPDATE image SET last_tagged = ? WHERE id = ?", now, id);
    });
    if (previous !== undefined) this.#known.delete(previous);
    return previous;
  }

  /** Missing is no error. */
  removeReference(reference: Reference): void {
    const id = this.idOf(reference);
    if (id !== undefined) this.#release(id, (writer) => deleteReference(writer, reference));
  }

  /** Removes the record, its references and layer rows that no other image needs. What they stood for is the collector's. */
  remove(id: Digest): void {
    this.#release(id, (writer) => {
      writer.run("DELETE FROM image WHERE id = ?", id);
      writer.run("DELETE FROM layer WHERE chain_id NOT IN (SELECT chain_id FROM image_layer)");
    });
  }

  /** The archive a diff id is kept as, whichever image brought it. */
  blobOf(diffId: Digest): ImageLayer["blob"] {
    const row = this.#database.read((reader) => reader.get<LayerRow>(`${LAYERS} WHERE diff_id = ? AND blob IS NOT NULL LIMIT 1`, diffId));
    return row === undefined ? undefined : blobOfRow(row);
  }

  /** Whether some image has the layer kept as this archive. */
  isArchiveOf(diffId: Digest, blob: Digest): boolean {
    const sql = "SELECT 1 FROM image_layer JOIN layer USING (chain_id) WHERE blob = ? AND diff_id = ? LIMIT 1";
    return this.#database.read((reader) => reader.get(sql, blob, diffId)) !== undefined;
  }

  /** Size of a layer that some image has. */
  sizeOfLayer(chainId: Digest): number | undefined {
    return this.#database.read((reader) => reader.get<{ size: number }>("SELECT size FROM layer WHERE chain_id = ?", chainId))?.size;
  }

  needsLayer(chainId: Digest): boolean {
    return this.#database.read((reader) => reader.get("SELECT 1 FROM image_layer WHERE chain_id = ? LIMIT 1", chainId)) !== undefined;
  }

  needsBlob(digest: Digest): boolean {
    const sql = `SELECT 1 FROM image WHERE id = ?1 UNION ALL SELECT 1 FROM image_layer WHERE blob = ?1
      UNION ALL SELECT 1 FROM image_blob WHERE digest = ?1 LIMIT 1`;
    return this.#database.read((reader) => reader.get(sql, digest)) !== undefined;
  }

  /** Every blob that the image's record names. */
  blobsOf(id: Digest): Digest[] {
    const sql = `SELECT id AS digest FROM image WHERE id = ?1 UNION SELECT blob FROM image_layer WHERE image_id = ?1 AND blob IS NOT NULL
      UNION SELECT digest FROM image_blob WHERE image_id = ?1`;
    return this.#database.read((reader) => reader.all<{ digest: Digest }>(sql, id)).map(({ digest }) => digest);
  }

  /** An image whose record is damaged is none: it goes, and can be pulled or loaded again. */
  #read(where: string, whereImage: string, ...parameters: string[]): Image[] {
    const { images, damaged } = this.#database.read((reader) => readImages(reader, where, whereImage, ...parameters));
    for (const { id, error } of damaged) {
      this.#logger.error({ image: id, error }, "the record of an image is damaged, and is removed: pull or load the image again");
      this.remove(id);
    }
    return images;
  }

  #write(id: Digest, work: (writer: Writer) => unknown): void {
    this.#known.delete(id);
    this.#database.transact(work);
  }

  /** For what makes room: it has to go through on a full disk. */
  #release(id: Digest, work: (writer: Writer) => unknown): void {
    this.#known.delete(id);
    this.#database.record(work);
  }
}

function addLayer(writer: Writer, image: Digest, position: number, layer: ImageLayer): void {
  writer.run("INSERT OR IGNORE INTO layer (chain_id, diff_id, size) VALUES (?, ?, ?)", layer.chainId, layer.diffId, layer.size);
  const blob = [layer.blob?.digest ?? null, layer.blob?.mediaType ?? null] as const;
  const values = [image, position, layer.chainId, ...blob] as const;
  // The newest manifest's blobs win: the image is shown and pushed by that one.
  writer.run(
    `INSERT INTO image_layer (image_id, position, chain_id, blob, media_type) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET blob = coalesce(excluded.blob, blob), media_type = coalesce(excluded.media_type, media_type)`,
    ...values,
  );
}

function deleteReference(writer: Writer, reference: Reference): void {
  const { where, value } = keyOf(reference);
  writer.run(`DELETE FROM image_reference WHERE name = ? AND ${where}`, canonicalName(reference), value);
}

function keyOf(reference: Reference): { where: string; value: string } {
  return reference.digest === undefined
    ? { where: "tag = ?", value: reference.tag ?? "latest" }
    : { where: "digest = ?", value: reference.digest };
}

interface ReadImages {
  readonly images: Image[];
  readonly damaged: { readonly id: Digest; readonly error: unknown }[];
}

function readImages(reader: Reader, where: string, whereImage: string, ...parameters: string[]): ReadImages {
  const layers = Map.groupBy(
    reader.all<LayerRow>(`${LAYERS} ${whereImage} ORDER BY image_id, position`, ...parameters),
    (row) => row.image_id,
  );
  const references = Map.groupBy(
    reader.all<ReferenceRow>(`SELECT * FROM image_reference ${whereImage} ORDER BY name, tag, digest`, ...parameters),
    (row) => row.image_id,
  );
  const read: ReadImages = { images: [], damaged: [] };
  for (const row of reader.all<ImageRow>(`SELECT * FROM image ${where}`, ...parameters)) {
    try {
      read.images.push(imageOfRow(row, layers.get(row.id) ?? [], references.get(row.id) ?? []));
    } catch (error) {
      read.damaged.push({ id: row.id, error });
    }
  }
  return read;
}

/** @throws EngineError `invalid` for a row that was damaged. */
function imageOfRow(row: ImageRow, layers: readonly LayerRow[], references: readonly ReferenceRow[]): Image {
  return {
    id: row.id,
    config: parseImageConfig(row.config),
    parent: row.parent ?? undefined,
    manifest: row.manifest ?? undefined,
    layers: layers.map(layerOfRow),
    references: references.map(referenceOfRow),
    lastTagged: row.last_tagged === null ? undefined : new Date(row.last_tagged),
  };
}

function layerOfRow(row: LayerRow): ImageLayer {
  return { chainId: row.chain_id, diffId: row.diff_id, size: row.size, blob: blobOfRow(row) };
}

function blobOfRow(row: LayerRow): ImageLayer["blob"] {
  return row.blob === null ? undefined : { digest: row.blob, mediaType: row.media_type ?? "" };
}

function referenceOfRow(row: ReferenceRow): Reference {
  return { ...parseReference(row.name), tag: row.tag ?? undefined, digest: row.digest ?? undefined };
}
