import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { Digest } from "#spec/digest.ts";
import type { Database, Writer } from "#store/db/database.ts";
import { containerOf, definitionText, stateText, type ContainerRow } from "./container-rows.ts";
import type { Container } from "./container.ts";

/** What is left to do for a container that is gone from the table, or never got there. */
export interface Removal {
  readonly id: string;
  /** Its anonymous volumes go too. */
  readonly removeVolumes: boolean;
}

type Change = Partial<Pick<Container, "name" | "config" | "hostConfig" | "endpoints" | "state" | "restartCount">>;

/**
 * All containers, durable and in memory. Every change is committed before the call returns; reads never touch the database.
 *
 * A container is made in two steps: `begin` writes down that its parts are to be removed, `commit` takes that back and enters it.
 * It is removed by `bury`, which does the same the other way round. A daemon that dies in between finds the removal and finishes it.
 */
export class ContainerStore {
  readonly #database: Database;
  readonly #logger: Logger;
  /** In order of creation. */
  readonly #containers = new Map<string, Container>();
  /** Name to id, with the names of containers that are being made. */
  readonly #names = new Map<string, string>();

  constructor({ database, logger }: { database: Database; logger: Logger }) {
    this.#database = database;
    this.#logger = logger;
    this.#load();
  }

  /** @throws EngineError `conflict` with Docker's text. */
  reserveName(name: string, id: string): void {
    const holder = this.#names.get(name);
    if (holder !== undefined) {
      throw new EngineError(
        "conflict",
        `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
          "You have to remove (or rename) that container to be able to reuse that name.",
      );
    }
    this.#names.set(name, id);
  }

  isNameFree(name: string): boolean {
    return !this.#names.has(name);
  }

  /** Gives back a name that was reserved and not used. */
  releaseName(name: string, id: string): void {
    if (this.#names.get(name) === id && this.#containers.get(id)?.name !== name) this.#names.delete(name);
  }

  /** From here on a crash leads to `finishRemoval` of this id. */
  begin(id: string): void {
    this.#database.transact((writer) => insertRemoval(writer, { id, removeVolumes: true }));
  }

  /** Enters a container whose name is reserved. */
  commit(container: Container): void {
    this.#database.transact((writer) => {
      deleteRemoval(writer, container.id);
      writer.run(
        "INSERT INTO containers (id, name, created, definition, state) VALUES (?, ?, ?, ?, ?)",
        container.id,
        container.name,
        container.created,
        definitionText(container),
        stateText(container),
      );
    });
    this.#containers.set(container.id, container);
  }

  /**
   * Changes a container. A new name has to be reserved.
   *
   * @throws EngineError `not-found` when it was removed meanwhile, `conflict` for the definition of one whose record is damaged.
   */
  update(id: string, change: Change): Container {
    const before = this.get(id);
    if (before.damage !== undefined && changesDefinition(change))
      throw new EngineError("conflict", `container ${id} is dead and cannot be changed: ${before.damage}`);
    const after: Container = { ...before, ...change };
    this.#database.record((writer) => writeChange(writer, after, change));
    this.#containers.set(id, after);
    if (after.name !== before.name) this.#names.delete(before.name);
    return after;
  }

  /** Takes it away, name and all, and leaves a removal. */
  bury(id: string, removeVolumes: boolean): void {
    const container = this.get(id);
    this.#database.record((writer) => {
      writer.run("DELETE FROM containers WHERE id = ?", id);
      insertRemoval(writer, { id, removeVolumes });
    });
    this.#containers.delete(id);
    this.#names.delete(container.name);
  }

  removals(): Removal[] {
    const rows = this.#database.read((reader) =>
      reader.all<{ id: string; remove_volumes: number }>("SELECT id, remove_volumes FROM container_removals"),
    );
    return rows.map((row) => ({ id: row.id, removeVolumes: row.remove_volumes !== 0 }));
  }

  finishRemoval(id: string): void {
    this.#database.record((writer) => deleteRemoval(writer, id));
    this.#database.refillReserve();
  }

  /** @throws EngineError `not-found`. */
  get(id: string): Container {
    const container = this.#containers.get(id);
    if (container === undefined) throw noSuchContainer(id);
    return container;
  }

  has(id: string): boolean {
    return this.#containers.has(id);
  }

  /**
   * Finds a container by id, name, or a prefix of an id that only one has.
   *
   * @throws EngineError `not-found`, or `invalid` when the prefix is ambiguous.
   */
  find(reference: string): Container {
    const byName = this.#names.get(reference.startsWith("/") ? reference.slice(1) : reference) ?? "";
    const found = this.#containers.get(reference) ?? this.#containers.get(byName) ?? this.#findByPrefix(reference);
    if (found === undefined) throw noSuchContainer(reference);
    return found;
  }

  /** The newest last. */
  all(): IterableIterator<Container> {
    return this.#containers.values();
  }

  get size(): number {
    return this.#containers.size;
  }

  /** Ids whose parts on the disk are accounted for: also of records that are damaged, and of removals. */
  accountedIds(): Set<string> {
    return new Set([...this.#names.values(), ...this.removals().map(({ id }) => id)]);
  }

  usersOf(image: Digest): Container[] {
    return [...this.#containers.values()].filter((container) => container.image.id === image);
  }

  #findByPrefix(prefix: string): Container | undefined {
    if (!/^[0-9a-f]{1,63}$/.test(prefix)) return undefined;
    let found: Container | undefined;
    for (const [id, container] of this.#containers) {
      if (!id.startsWith(prefix)) continue;
      if (found !== undefined) throw new EngineError("invalid", `multiple IDs found with provided prefix: ${prefix}`);
      found = container;
    }
    return found;
  }

  #load(): void {
    const rows = this.#database.read((reader) => reader.all<ContainerRow>("SELECT * FROM containers ORDER BY created, id"));
    for (const row of rows) {
      const { container, problems } = containerOf(row);
      for (const problem of problems)
        this.#logger.error({ container: row.id, name: row.name }, `the record of a container is damaged: ${problem}`);
      this.#names.set(row.name, row.id);
      this.#containers.set(row.id, container);
    }
  }
}

function insertRemoval(writer: Writer, { id, removeVolumes }: Removal): void {
  writer.run("INSERT OR REPLACE INTO container_removals (id, remove_volumes) VALUES (?, ?)", id, removeVolumes ? 1 : 0);
}

function deleteRemoval(writer: Writer, id: string): void {
  writer.run("DELETE FROM container_removals WHERE id = ?", id);
}

function changesDefinition({ name, config, hostConfig, endpoints }: Change): boolean {
  return [name, config, hostConfig, endpoints].some((value) => value !== undefined);
}

function writeChange(writer: Writer, after: Container, change: Change): void {
  if (changesDefinition(change)) {
    writer.run("UPDATE containers SET name = ?, definition = ? WHERE id = ?", after.name, definitionText(after), after.id);
  }
  if (change.state !== undefined || change.restartCount !== undefined) {
    writer.run("UPDATE containers SET state = ? WHERE id = ?", stateText(after), after.id);
  }
}

function noSuchContainer(reference: string): EngineError {
  return new EngineError("not-found", `No such container: ${reference}`);
}
