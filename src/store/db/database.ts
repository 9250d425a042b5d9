import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { migrations } from "./migrations/index.ts";
import { Reserve } from "./reserve.ts";

/** A row as SQLite gives it; integers come as bigint only where a statement asks for it. */
export type Row = Record<string, SQLInputValue>;

/** What a read may do. */
export interface Reader {
  all<T = Row>(sql: string, ...parameters: SQLInputValue[]): T[];
  get<T = Row>(sql: string, ...parameters: SQLInputValue[]): T | undefined;
}

/** What a transaction may do. */
export interface Writer extends Reader {
  run(sql: string, ...parameters: SQLInputValue[]): { changes: number };
}

/** One step of the schema, applied in order of `version`, each in a transaction of its own. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: (writer: Writer) => void;
}

/**
 * The engine's state in one SQLite file (WAL; a commit survives a kill of the daemon at once, a power cut up to the last checkpointed
 * sync). Calls are synchronous and short: a row or a list by an index.
 */
export class Database {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #writer: Writer;
  readonly #reserve: Reserve | undefined;
  #inTransaction = false;

  private constructor(database: DatabaseSync, reserve: Reserve | undefined) {
    this.#database = database;
    this.#reserve = reserve;
    this.#writer = {
      all: <T>(sql: string, ...parameters: SQLInputValue[]) => this.#prepare(sql).all(...parameters) as T[],
      get: <T>(sql: string, ...parameters: SQLInputValue[]) => this.#prepare(sql).get(...parameters) as T | undefined,
      run: (sql, ...parameters) => ({ changes: Number(this.#prepare(sql).run(...parameters).changes) }),
    };
  }

  /**
   * Opens the file, making and migrating it.
   *
   * @param path a file, or `:memory:` in tests.
   * @throws EngineError `system` when the file was written by a newer Dhow.
   */
  static open(path: string): Database {
    const raw = new DatabaseSync(path);
    try {
      raw.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000; PRAGMA cache_size = -2000;",
      );
      const database = new Database(raw, path === ":memory:" ? undefined : new Reserve(`${path}.reserve`));
      database.#migrate(path);
      return database;
    } catch (error) {
      raw.close();
      throw error;
    }
  }

  /** Runs reads; nothing is changed. */
  read<T>(work: (reader: Reader) => T): T {
    return work(this.#writer);
  }

  /** Runs `work` in a transaction: all of it happens, or, when it throws, nothing. Nested calls join the outer one. */
  transact<T>(work: (writer: Writer) => T): T {
    if (this.#inTransaction) return work(this.#writer);
    this.#database.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = work(this.#writer);
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw asEngineError(error);
    } finally {
      this.#inTransaction = false;
    }
  }

  /**
   * As `transact`, for what makes room and for what has happened already (a container ended): on a full disk it may use the space that
   * is set aside, and goes through.
   */
  record<T>(work: (writer: Writer) => T): T {
    try {
      return this.transact(work);
    } catch (error) {
      if (!isEngineError(error, "exhausted") || this.#inTransaction || this.#reserve?.release() !== true) throw error;
    }
    try {
      return this.transact(work);
    } finally {
      // At once: what is free is taken by whoever writes next, a pull that goes on, a container's log.
      this.#reserve.fill();
    }
  }

  /** Sets space aside again after it was used; for when room was made. */
  refillReserve(): void {
    this.#reserve?.fill();
  }

  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #migrate(path: string): void {
    const current = this.#writer.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
    const newest = Math.max(0, ...migrations.map((migration) => migration.version));
    if (current > newest) {
      throw new EngineError(
        "system",
        `${path} has schema version ${current}, written by a newer Dhow; this one knows up to ${newest}. Start the newer version, or use another data root.`,
      );
    }
    for (const migration of migrations.filter((step) => step.version > current)) {
      this.transact((writer) => {
        migration.up(writer);
        this.#database.exec(`PRAGMA user_version = ${migration.version}`);
      });
    }
  }
}

/** SQLITE_FULL (13): the one failure of the host that a caller can do something about. */
function asEngineError(error: unknown): unknown {
  const full = error instanceof Error && "errcode" in error && error.errcode === 13;
  return full ? new EngineError("exhausted", "no space left on device: the engine's state could not be written", { cause: error }) : error;
}
