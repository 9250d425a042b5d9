import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Database, type Row } from "./database.ts";

/** SQLITE_CORRUPT and SQLITE_NOTADB, of which the lower byte is the kind. */
const DAMAGED = [11, 26];

export function isDamage(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" && DAMAGED.includes(error.errcode & 0xff);
}

/** The journal of events is large, and of history alone: it is not worth a look at each start. */
const UNCHECKED = "event";

/** Whether every table can be read. @throws as SQLite does, where even that cannot be found out. */
export function isWhole(database: Database): boolean {
  return database.read((reader) => {
    const tables = reader.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> ?", UNCHECKED);
    return tables.every(({ name }) => {
      const [row] = reader.all(`PRAGMA quick_check("${name}")`);
      return row === undefined || Object.values(row)[0] === "ok";
    });
  });
}

/**
 * Makes a new database at `path` out of what can be read of a damaged one: of each table its rows up to the first that cannot be read.
 *
 * @returns how many rows were saved.
 */
export function salvage(damaged: string, path: string): number {
  Database.open(path).close();
  using into = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  let saved = 0;
  try {
    using from = new DatabaseSync(damaged);
    for (const table of tablesOf(into)) saved += copyTable(from, into, table);
  } catch {
    // Nothing of it can be read.
  }
  removeDangling(into);
  return saved;
}

function tablesOf(database: DatabaseSync): string[] {
  return database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => String(row["name"]));
}

function copyTable(from: DatabaseSync, into: DatabaseSync, table: string): number {
  const columns = into
    .prepare(`PRAGMA table_info("${table}")`)
    .all()
    .map((row) => String(row["name"]));
  let saved = 0;
  into.exec("BEGIN");
  try {
    const rows = from.prepare(`SELECT * FROM "${table}"`);
    rows.setReadBigInts(true); // A time in nanoseconds is beyond what a number holds.
    for (const row of rows.iterate()) saved += insert(into, table, columns, row as Row);
  } catch {
    // What comes behind the damage is lost, or there was no such table yet.
  }
  into.exec("COMMIT");
  return saved;
}

function insert(into: DatabaseSync, table: string, columns: readonly string[], row: Row): number {
  const known = columns.filter((column) => Object.hasOwn(row, column));
  const values: SQLInputValue[] = known.map((column) => row[column] ?? null);
  const sql = `INSERT OR IGNORE INTO "${table}" (${known.map((column) => `"${column}"`).join()}) VALUES (${known.map(() => "?").join()})`;
  try {
    const statement = into.prepare(sql);
    statement.setReadBigInts(true);
    return Number(statement.run(...values).changes);
  } catch {
    return 0; // A value that the table would not take: it was damaged.
  }
}

/** Rows that refer to rows which were not saved. */
function removeDangling(into: DatabaseSync): void {
  for (const { table, column, to, key } of references(into)) {
    into.exec(`DELETE FROM "${table}" WHERE "${column}" IS NOT NULL AND "${column}" NOT IN (SELECT "${key}" FROM "${to}")`);
  }
}

function references(into: DatabaseSync): { table: string; column: string; to: string; key: string }[] {
  return tablesOf(into).flatMap((table) =>
    into
      .prepare(`PRAGMA foreign_key_list("${table}")`)
      .all()
      .map((row) => {
        const to = String(row["table"]);
        return { table, column: String(row["from"]), to, key: row["to"] === null ? primaryKeyOf(into, to) : String(row["to"]) };
      }),
  );
}

function primaryKeyOf(database: DatabaseSync, table: string): string {
  const key = database
    .prepare(`PRAGMA table_info("${table}")`)
    .all()
    .find((row) => row["pk"] === 1);
  return String(key?.["name"]);
}
