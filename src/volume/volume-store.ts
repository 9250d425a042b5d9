import { join } from "node:path";
import type { Database } from "#store/db/database.ts";
import type { Volume } from "./volume.ts";

/** A container has a volume at a target. */
export interface VolumeUse {
  readonly container: string;
  readonly target: string;
  readonly volume: string;
  /** The volume was made for a container without a name. */
  readonly owned: boolean;
  /** The image's content has been offered. */
  readonly filled: boolean;
}

type VolumeRow = { name: string; created: string; labels: string };
type UseRow = { container: string; target: string; volume: string; owned: number; filled: number };

/** The records of volumes; their content lies in `<root>/<name>/_data`. */
export class VolumeStore {
  readonly #database: Database;
  readonly #root: string;

  constructor(database: Database, root: string) {
    this.#database = database;
    this.#root = root;
  }

  /** The folder that is the volume's alone. */
  folderOf(name: string): string {
    return join(this.#root, name);
  }

  get(name: string): Volume | undefined {
    const row = this.#database.read((db) => db.get<VolumeRow>("SELECT * FROM volumes WHERE name = ?", name));
    return row === undefined ? undefined : this.#volume(row);
  }

  all(): Volume[] {
    const rows = this.#database.read((db) => db.all<VolumeRow>("SELECT * FROM volumes ORDER BY name"));
    return rows.map((row) => this.#volume(row));
  }

  /** @param use of the container that it is made for: an anonymous volume without would be nobody's. */
  add({ name, created, labels }: Omit<Volume, "mountpoint">, use?: VolumeUse): void {
    this.#database.transact((db) => {
      db.run("INSERT INTO volumes VALUES (?, ?, ?)", name, created, JSON.stringify(labels));
      if (use !== undefined) this.addUse(use);
    });
  }

  /** @param releasedBy a container whose use of it ends with it. */
  delete(name: string, releasedBy = ""): void {
    this.#database.record((db) => {
      db.run("DELETE FROM volume_uses WHERE volume = ? AND container = ?", name, releasedBy);
      db.run("DELETE FROM volumes WHERE name = ?", name);
    });
  }

  addUse({ container, target, volume, owned, filled }: VolumeUse): void {
    const row = [container, target, volume, Number(owned), Number(filled)] as const;
    this.#database.transact((db) => db.run("INSERT OR REPLACE INTO volume_uses VALUES (?, ?, ?, ?, ?)", ...row));
  }

  markFilled(container: string, target: string): void {
    this.#database.transact((db) => db.run("UPDATE volume_uses SET filled = 1 WHERE container = ? AND target = ?", container, target));
  }

  deleteUses(container: string): void {
    this.#database.record((db) => db.run("DELETE FROM volume_uses WHERE container = ?", container));
  }

  usesBy(container: string): VolumeUse[] {
    return this.#uses("SELECT * FROM volume_uses WHERE container = ? ORDER BY target", container);
  }

  usesOf(volume: string): VolumeUse[] {
    return this.#uses("SELECT * FROM volume_uses WHERE volume = ? ORDER BY container, target", volume);
  }

  /** How many containers have each volume that is in use. */
  useCounts(): ReadonlyMap<string, number> {
    const sql = "SELECT volume, COUNT(DISTINCT container) AS users FROM volume_uses GROUP BY volume";
    const rows = this.#database.read((db) => db.all<{ volume: string; users: number }>(sql));
    return new Map(rows.map(({ volume, users }) => [volume, users]));
  }

  /** Every container that has a volume. */
  users(): string[] {
    const rows = this.#database.read((db) => db.all<{ container: string }>("SELECT DISTINCT container FROM volume_uses"));
    return rows.map(({ container }) => container);
  }

  #uses(sql: string, parameter: string): VolumeUse[] {
    const rows = this.#database.read((db) => db.all<UseRow>(sql, parameter));
    return rows.map((row) => ({ ...row, owned: row.owned === 1, filled: row.filled === 1 }));
  }

  #volume({ name, created, labels }: VolumeRow): Volume {
    return { name, created, labels: labelsOf(labels), mountpoint: join(this.folderOf(name), "_data") };
  }
}

/** A volume is its content: one whose labels were damaged is there all the same, without them. */
function labelsOf(text: string): Record<string, string> {
  try {
    const labels: unknown = JSON.parse(text);
    return typeof labels === "object" && labels !== null ? (labels as Record<string, string>) : {};
  } catch {
    return {};
  }
}
