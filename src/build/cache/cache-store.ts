import { randomBytes } from "node:crypto";
import type { Digest } from "#spec/digest.ts";
import type { Database } from "#store/db/database.ts";

/** What a step made, as the cache remembers it. */
export interface CacheRecord {
  /** 24 hex digits. */
  readonly id: string;
  readonly description: string;
  /** Chain id of the tree that it stands on; undefined: nothing. */
  readonly parent: Digest | undefined;
  /** The layer; undefined: the step changed nothing. */
  readonly layer: { readonly chainId: Digest; readonly diffId: Digest } | undefined;
  readonly size: number;
  /** Milliseconds since 1970, as every time in here. */
  readonly created: number;
  readonly lastUsed: number;
  readonly uses: number;
}

interface RecordRow {
  readonly id: string;
  readonly description: string;
  readonly parent: Digest | null;
  readonly chain_id: Digest | null;
  readonly diff_id: Digest | null;
  readonly size: number;
  readonly created: number;
  readonly last_used: number;
  readonly uses: number;
}

/** A record that a build has found, and further names that it is known by from now on. */
export interface CacheUse {
  readonly id: string;
  readonly keys: readonly string[];
}

export type NewRecord = Pick<CacheRecord, "description" | "parent" | "layer" | "size">;

/** The builder's cache in the database. A record keeps its layer and the archive of it; `prune` lets go of both. */
export class CacheStore {
  readonly #database: Database;

  constructor({ database }: { database: Database }) {
    this.#database = database;
  }

  find(key: string): CacheRecord | undefined {
    const row = this.#database.read((reader) =>
      reader.get<RecordRow>("SELECT build_record.* FROM build_key JOIN build_record ON build_record.id = record WHERE key = ?", key),
    );
    return row === undefined ? undefined : recordOf(row);
  }

  /** Another record of the same name is forgotten: what was made last counts. @returns those. */
  add(keys: readonly string[], record: NewRecord, now: number): CacheRecord[] {
    const id = randomBytes(12).toString("hex");
    const { description, parent, layer, size } = record;
    const values = [id, description, parent ?? null, layer?.chainId ?? null, layer?.diffId ?? null, size, now, now, 0] as const;
    return this.#database.transact((writer) => {
      writer.run("INSERT INTO build_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values);
      for (const key of keys) writer.run("INSERT OR REPLACE INTO build_key (key, record) VALUES (?, ?)", key, id);
      const nameless = "FROM build_record WHERE id NOT IN (SELECT record FROM build_key)";
      const replaced = writer.all<RecordRow>(`SELECT * ${nameless}`).map(recordOf);
      writer.run(`DELETE ${nameless}`);
      return replaced;
    });
  }

  /** At once for all that a build has found. What was removed meanwhile is not there any more. */
  used(uses: readonly CacheUse[], now: number): void {
    if (uses.length === 0) return;
    this.#database.transact((writer) => {
      for (const { id, keys } of uses) {
        const { changes } = writer.run("UPDATE build_record SET last_used = ?, uses = uses + 1 WHERE id = ?", now, id);
        if (changes === 0) continue;
        for (const key of keys) writer.run("INSERT OR REPLACE INTO build_key (key, record) VALUES (?, ?)", key, id);
      }
    });
  }

  list(): CacheRecord[] {
    const rows = this.#database.read((reader) => reader.all<RecordRow>("SELECT * FROM build_record ORDER BY created, id"));
    return rows.map(recordOf);
  }

  /** What a layer is known by. */
  keysOf(chainId: Digest): string[] {
    const sql = "SELECT key FROM build_key JOIN build_record ON build_record.id = record WHERE chain_id = ? ORDER BY key";
    return this.#database.read((reader) => reader.all<{ key: string }>(sql, chainId)).map(({ key }) => key);
  }

  /** For what makes room: it goes through on a full disk. */
  remove(ids: readonly string[]): void {
    this.#database.record((writer) => {
      for (const id of ids) writer.run("DELETE FROM build_record WHERE id = ?", id);
    });
  }

  /** For the image noun: layers and archives that stay, whether or not an image stands on them. */
  needsLayer(chainId: Digest): boolean {
    const sql = "SELECT 1 FROM build_record WHERE chain_id = ?1 OR parent = ?1 LIMIT 1";
    return this.#database.read((reader) => reader.get(sql, chainId)) !== undefined;
  }

  needsBlob(digest: Digest): boolean {
    return this.#database.read((reader) => reader.get("SELECT 1 FROM build_record WHERE diff_id = ? LIMIT 1", digest)) !== undefined;
  }
}

function recordOf(row: RecordRow): CacheRecord {
  const { id, description, size, created, uses } = row;
  const layer = row.chain_id === null || row.diff_id === null ? undefined : { chainId: row.chain_id, diffId: row.diff_id };
  return { id, description, parent: row.parent ?? undefined, layer, size, created, lastUsed: row.last_used, uses };
}
