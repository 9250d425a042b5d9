import type { Attestation } from "#spec/attestations.ts";
import type { Digest } from "#spec/digest.ts";
import type { Database } from "#store/db/database.ts";

/** What is said of images: one attestation of a kind for each image, which goes with it. */
export class AttestationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  of(image: Digest): Attestation[] {
    const sql = "SELECT predicate_type AS predicateType, digest FROM image_attestation WHERE image_id = ? ORDER BY predicate_type";
    return this.#database.read((reader) => reader.all<Attestation>(sql, image)).map((row) => ({ ...row }));
  }

  /** In the place of those of the same kind. Their blobs are the image's from now on. */
  put(image: Digest, attestations: readonly Attestation[]): void {
    if (attestations.length === 0) return;
    this.#database.transact((writer) => {
      for (const { predicateType, digest } of attestations) {
        writer.run(
          `DELETE FROM image_blob WHERE image_id = ?1 AND digest IN
            (SELECT digest FROM image_attestation WHERE image_id = ?1 AND predicate_type = ?2)`,
          image,
          predicateType,
        );
        writer.run("INSERT OR REPLACE INTO image_attestation VALUES (?, ?, ?)", image, predicateType, digest);
        writer.run("INSERT OR IGNORE INTO image_blob (image_id, digest) VALUES (?, ?)", image, digest);
      }
    });
  }
}
