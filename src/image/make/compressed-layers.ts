import type { Digest } from "#spec/digest.ts";
import type { Database } from "#store/db/database.ts";

export interface CompressedLayer {
  readonly digest: Digest;
  readonly size: number;
}

/** Remembers what plain layers became when they were compressed on their way out. */
export class CompressedLayers {
  readonly #database: Database;

  constructor({ database }: { database: Database }) {
    this.#database = database;
  }

  find(diffId: Digest): CompressedLayer | undefined {
    const sql = "SELECT digest, size FROM compressed_layer WHERE diff_id = ?";
    return this.#database.read((reader) => reader.get<{ digest: Digest; size: number }>(sql, diffId));
  }

  /** Forgets those that no image has any more. */
  remember(diffId: Digest, { digest, size }: CompressedLayer): void {
    this.#database.transact((writer) => {
      writer.run("DELETE FROM compressed_layer WHERE diff_id NOT IN (SELECT diff_id FROM layer)");
      writer.run("INSERT OR REPLACE INTO compressed_layer (diff_id, digest, size) VALUES (?, ?, ?)", diffId, digest, size);
    });
  }
}
