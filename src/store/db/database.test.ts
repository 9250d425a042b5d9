import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "./database.ts";
import { migrations } from "./migrations/index.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "database-"));
  file = join(folder, "state.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const count = (database: Database): number => database.read((reader) => reader.get<{ n: number }>("SELECT count(*) AS n FROM t"))?.n ?? -1;

function withTable(): Database {
  const database = Database.open(file);
  database.transact((writer) => writer.run("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT"));
  return database;
}

describe("a database", () => {
  it("is migrated once, to the newest version, in order", () => {
    Database.open(file).close();
    const raw = new DatabaseSync(file);
    expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: migrations.length });
    raw.close();
    Database.open(file).close();
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
  });

  it("of a newer Dhow is refused, and left as it is", () => {
    Database.open(file).close();
    const raw = new DatabaseSync(file);
    raw.exec("PRAGMA user_version = 9999");
    raw.close();
    expect(() => Database.open(file)).toThrow(/schema version 9999, written by a newer Dhow/);
  });

  it("does all of a transaction or nothing, and a nested one is part of the outer", () => {
    const database = withTable();
    expect(() =>
      database.transact((writer) => {
        writer.run("INSERT INTO t (text) VALUES ('a')");
        database.transact((inner) => inner.run("INSERT INTO t (text) VALUES ('b')"));
        throw new Error("on purpose");
      }),
    ).toThrow("on purpose");
    expect(count(database)).toBe(0);
    database.transact((writer) => writer.run("INSERT INTO t (text) VALUES ('c')"));
    expect(count(database)).toBe(1);
    database.close();
  });

  it("keeps what is committed when its process is killed", () => {
    const script = `
      import { Database } from ${JSON.stringify(new URL("database.ts", import.meta.url).pathname)};
      const database = Database.open(${JSON.stringify(file)});
      database.transact((writer) => writer.run("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT"));
      for (let n = 0; n < 50; n++) database.transact((writer) => writer.run("INSERT INTO t (text) VALUES ('x')"));
      process.kill(process.pid, "SIGKILL");`;
    expect(() => execFileSync(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" })).toThrow();
    const database = Database.open(file);
    expect(count(database)).toBe(50);
    database.close();
  });
});

describe("on a full disk", () => {
  const mounted = (): string => join(folder, "small");

  beforeEach(() => {
    execFileSync("sh", ["-ec", `mkdir ${mounted()} && mount -t tmpfs -o size=6m dhow-test ${mounted()}`]);
    file = join(mounted(), "state.db");
  });
  afterEach(() => void execFileSync("umount", ["-l", mounted()]));

  /** To the last page. */
  function fill(): void {
    expect(() => {
      for (let n = 0; ; n++) writeFileSync(join(mounted(), `filler-${n}`), Buffer.alloc(64 << 10, 1));
    }).toThrow(/ENOSPC/);
    expect(() => writeFileSync(join(mounted(), "rest"), Buffer.alloc(64 << 10, 1))).toThrow(/ENOSPC/);
  }

  /** Writes until it is refused. */
  function exhaust(database: Database): void {
    const text = "x".repeat(8 << 10);
    for (let n = 0; n < 1000; n++) database.transact((writer) => writer.run("INSERT INTO t (text) VALUES (?)", text));
  }

  it("a new thing is refused by name, what makes room goes through, and the reserve is set aside again", () => {
    const database = withTable();
    database.transact((writer) => writer.run("INSERT INTO t (text) VALUES ('kept')"));
    fill();
    expect(() => exhaust(database)).toThrow(/no space left on device/);
    const before = count(database);
    database.record((writer) => writer.run("UPDATE t SET text = ? WHERE id = 1", "y".repeat(64 << 10)));
    expect([count(database), existsSync(`${file}.reserve`)]).toEqual([before, false]);
    expect(() => exhaust(database)).toThrow(/no space left on device/);
    execFileSync("sh", ["-c", `rm ${mounted()}/filler-*`]);
    database.refillReserve();
    expect(statSync(`${file}.reserve`).blocks).toBeGreaterThan(1000);
    database.close();
  });
});
