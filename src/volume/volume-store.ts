import { join } from "node:path";
import type { Database, Row } from "#store/db/database.ts";
import { isLocal, type Volume, type VolumeRecord } from "./volume.ts";

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

/** Somebody has a volume mounted: a run of a container, or who looks at its files. */
export interface VolumeHold {
  readonly volume: string;
  readonly holder: string;
  /** Where; empty while it is being mounted. */
  readonly path: string;
}

type VolumeRow = { name: string; created: string; labels: string; driver: string; options: string };
type UseRow = { container: string; target: string; volume: string; owned: number; filled: number };

/** The records of volumes; their content lies in `<root>/<name>/_data`. */
export class VolumeStore {
  readonly #database: Database;
  readonly #root: string;
  /** As they were read; undefined after a change. Lists are asked for more often than they change. */
  #all: readonly Volume[] | undefined;

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

  /** By name. */
  all(): readonly Volume[] {
    const rows = (): VolumeRow[] => this.#database.read((db) => db.all<VolumeRow>("SELECT * FROM volumes ORDER BY name"));
    return (this.#all ??= rows().map((row) => this.#volume(row)));
  }

  /** @param use of the container that it is made for: an anonymous volume without would be nobody's. */
  add({ name, created, labels, driver, options }: VolumeRecord, use?: VolumeUse): void {
    this.#all = undefined;
    this.#database.transact((db) => {
      const row = [name, created, JSON.stringify(labels), driver, JSON.stringify(options)] as const;
      db.run("INSERT INTO volumes (name, created, labels, driver, options) VALUES (?, ?, ?, ?, ?)", ...row);
      if (use !== undefined) this.addUse(use);
    });
  }

  /** @param releasedBy a container whose use of it ends with it. */
  delete(name: string, releasedBy = ""): void {
    this.#all = undefined;
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

  holds(): VolumeHold[] {
    return this.#database.read((db) => db.all<VolumeHold & Row>("SELECT * FROM volume_holds ORDER BY holder, volume"));
  }

  /** Before it is mounted, and again when it is known where. */
  setHold({ volume, holder, path }: VolumeHold): void {
    this.#database.transact((db) => db.run("INSERT OR REPLACE INTO volume_holds VALUES (?, ?, ?)", volume, holder, path));
  }

  deleteHold({ volume, holder }: Pick<VolumeHold, "volume" | "holder">): void {
    this.#database.record((db) => db.run("DELETE FROM volume_holds WHERE volume = ? AND holder = ?", volume, holder));
  }

  #uses(sql: string, parameter: string): VolumeUse[] {
    const rows = this.#database.read((db) => db.all<UseRow>(sql, parameter));
    return rows.map((row) => ({ ...row, owned: row.owned === 1, filled: row.filled === 1 }));
  }

  #volume({ name, created, labels, driver, options }: VolumeRow): Volume {
    const mountpoint = isLocal({ driver }) ? `${this.#root}/${name}/_data` : "";
    return { name, created, labels: textsOf(labels), driver, options: textsOf(options), mountpoint, scope: "local" };
  }
}

/** A volume is its content: one whose labels were damaged is there all the same, without them. */
function textsOf(text: string): Record<string, string> {
  try {
    const texts: unknown = JSON.parse(text);
    return typeof texts === "object" && texts !== null ? (texts as Record<string, string>) : {};
  } catch {
    return {};
  }
}
