import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "./database.ts";
import { migrations } from "./migrations/index.ts";

let folder: string;
let path: string;
let database: Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-db-"));
  path = join(folder, "state.db");
  database = Database.open(path);
  database.transact((writer) => {
    writer.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT");
  });
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const add = (text: string): void => {
  database.transact((writer) => {
    writer.run("INSERT INTO notes (text) VALUES (?)", text);
  });
};
const texts = (): string[] =>
  database.read((reader) => reader.all<{ text: string }>("SELECT text FROM notes ORDER BY id")).map(({ text }) => text);

describe("transactions", () => {
  it("give back what the work gives", () => {
    expect(database.transact((writer) => writer.run("INSERT INTO notes (text) VALUES ('a'), ('b')").changes)).toBe(2);
    expect(database.read((reader) => reader.get<{ text: string }>("SELECT text FROM notes WHERE id = ?", 2)?.text)).toBe("b");
    expect(database.read((reader) => reader.get("SELECT text FROM notes WHERE id = ?", 9))).toBeUndefined();
  });

  it("happen whole or not at all", () => {
    add("kept");
    const work = (): void => {
      database.transact((writer) => {
        writer.run("INSERT INTO notes (text) VALUES ('lost')");
        throw new Error("no");
      });
    };
    expect(work).toThrow("no");
    expect(texts()).toEqual(["kept"]);
    add("next");
    expect(texts()).toEqual(["kept", "next"]);
  });

  it("join the outer one", () => {
    const work = (): void => {
      database.transact(() => {
        add("inner");
        throw new Error("no");
      });
    };
    expect(work).toThrow("no");
    expect(texts()).toEqual([]);
  });

  it("let the outer one go on when an inner one fails and is caught", () => {
    database.transact(() => {
      add("first");
      try {
        database.transact(() => {
          throw new Error("inner");
        });
      } catch {
        add("second");
      }
    });
    expect(texts()).toEqual(["first", "second"]);
  });
});

describe("a file", () => {
  it("keeps what was committed", () => {
    add("kept");
    database.close();
    database = Database.open(path);
    expect(texts()).toEqual(["kept"]);
  });

  it("keeps it when the process dies without closing", () => {
    add("kept");
    const second = Database.open(path);
    expect(second.read((reader) => reader.all("SELECT * FROM notes"))).toHaveLength(1);
    second.close();
  });

  it("is brought up to date once, in order", () => {
    const versions = migrations.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
    const version = (): unknown => database.read((reader) => reader.get("PRAGMA user_version"));
    expect(version()).toEqual({ user_version: Math.max(0, ...versions) });
    database.close();
    database = Database.open(path);
    expect(version()).toEqual({ user_version: Math.max(0, ...versions) });
  });

  it("of a newer Dhow is refused, and left as it is", () => {
    database.close();
    const raw = new DatabaseSync(path);
    raw.exec("PRAGMA user_version = 9999");
    raw.close();
    expect(() => Database.open(path)).toThrow(/schema version 9999, written by a newer Dhow/);
    const again = new DatabaseSync(path);
    expect(again.prepare("PRAGMA user_version").get()).toEqual({ user_version: 9999 });
    again.exec("PRAGMA user_version = 0");
    again.close();
    rmSync(path);
    database = Database.open(path);
  });

  it("that is full says so", () => {
    database.read((reader) => reader.get("PRAGMA max_page_count = 1"));
    const pages = database.read((reader) => reader.get<{ page_count: number }>("PRAGMA page_count"))?.page_count ?? 0;
    database.read((reader) => reader.get(`PRAGMA max_page_count = ${pages}`));
    expect(() => {
      add("x".repeat(1_000_000));
    }).toThrow(expect.objectContaining({ category: "exhausted" }));
    expect(texts()).toEqual([]);
    add("small");
  });
});

it("keeps foreign keys", () => {
  database.transact((writer) => {
    writer.run("CREATE TABLE tags (note INTEGER NOT NULL REFERENCES notes (id)) STRICT");
  });
  expect(() => {
    database.transact((writer) => {
      writer.run("INSERT INTO tags (note) VALUES (77)");
    });
  }).toThrow(/FOREIGN KEY/);
});

it("works in memory", () => {
  const memory = Database.open(":memory:");
  expect(memory.read((reader) => reader.get("SELECT 1 AS one"))).toEqual({ one: 1 });
  memory.close();
});
