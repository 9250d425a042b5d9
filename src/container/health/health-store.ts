import type { Logger } from "#lib/logger.ts";
import type { Database } from "#store/db/database.ts";
import type { Health } from "./health.ts";

interface HealthRow {
  readonly id: string;
  readonly health: string;
}

/**
 * The health of every container that has any: in memory, and on the disk as of its last change of status. What lies between (the
 * newest results) a daemon writes when it ends; one that is killed loses it, and no check costs a write.
 */
export class HealthStore {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #healths = new Map<string, Health>();
  readonly #unsaved = new Set<string>();

  constructor({ database, logger }: { database: Database; logger: Logger }) {
    this.#database = database;
    this.#logger = logger;
    this.#load();
  }

  get(id: string): Health | undefined {
    return this.#healths.get(id);
  }

  set(id: string, health: Health): void {
    const changed = this.#healths.get(id)?.status !== health.status;
    this.#healths.set(id, health);
    this.#unsaved.add(id);
    if (changed) this.#save([id]);
  }

  /** The container is gone. */
  delete(id: string): void {
    this.#unsaved.delete(id);
    if (this.#healths.delete(id)) this.#write("DELETE FROM container_health WHERE id = ?", [[id]]);
  }

  /** Writes what has not been. */
  saveAll(): void {
    this.#save([...this.#unsaved]);
  }

  keepOnly(isKnown: (id: string) => boolean): void {
    for (const id of [...this.#healths.keys()].filter((known) => !isKnown(known))) this.delete(id);
  }

  #save(ids: readonly string[]): void {
    const rows = ids.map((id) => [id, JSON.stringify(this.#healths.get(id))]);
    if (rows.length === 0) return;
    if (!this.#write("INSERT OR REPLACE INTO container_health (id, health) VALUES (?, ?)", rows)) return;
    for (const id of ids) this.#unsaved.delete(id);
  }

  /** A full disk costs what a later daemon would know, never a check. */
  #write(sql: string, rows: readonly (readonly string[])[]): boolean {
    try {
      this.#database.transact((writer) => rows.forEach((row) => writer.run(sql, ...row)));
      return true;
    } catch (error) {
      this.#logger.warn({ error }, "the health of a container could not be written");
      return false;
    }
  }

  #load(): void {
    for (const { id, health } of this.#database.read((reader) => reader.all<HealthRow>("SELECT id, health FROM container_health"))) {
      const parsed = parseHealth(health);
      if (parsed !== undefined) this.#healths.set(id, parsed);
    }
  }
}

/** Undefined for a row that is damaged: the next check says how it is. */
function parseHealth(text: string): Health | undefined {
  try {
    return JSON.parse(text) as Health;
  } catch {
    return undefined;
  }
}
