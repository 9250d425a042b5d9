import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "./database.ts";
import { isDamage, isWhole, salvage } from "./salvage.ts";

let folder: string;
let damaged: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-salvage-"));
  damaged = join(folder, "damaged.db");
  path = join(folder, "state.db");
  const database = Database.open(damaged);
  database.transact((writer) => {
    for (let index = 0; index < 200; index++) {
      writer.run(
        "INSERT INTO containers VALUES (?, ?, ?, ?, ?)",
        `c${String(index).padStart(3, "0")}`,
        `n${index}`,
        index,
        "{}",
        "x".repeat(500),
      );
      writer.run("INSERT INTO volumes (name, created, labels) VALUES (?, '', '{}')", `v${index}`);
      writer.run("INSERT INTO volume_uses VALUES (?, '/data', ?, 1, 0)", `c${index}`, `v${index}`);
    }
    writer.run("INSERT INTO event VALUES (?, 'container', 'create', 'c', '{}')", 1_800_000_000_123_456_789n);
  });
  database.close();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const zero = (from: number, to: number): void => {
  const bytes = readFileSync(damaged);
  bytes.fill(0, from, to);
  writeFileSync(damaged, bytes);
};
const count = (database: Database, table: string): number =>
  database.read((reader) => reader.get<{ count: number }>(`SELECT count(*) AS count FROM ${table}`))?.count ?? 0;

/** Opens what was salvaged, which has to be whole, references and all. */
function salvaged<T>(look: (database: Database) => T): T {
  salvage(damaged, path);
  const database = Database.open(path);
  expect(isWhole(database)).toBe(true);
  expect(database.read((reader) => reader.all("PRAGMA foreign_key_check"))).toEqual([]);
  const found = look(database);
  database.close();
  return found;
}

it("takes over everything of one that is whole, times in nanoseconds too", () => {
  expect(salvaged((database) => ["containers", "volumes", "volume_uses", "event"].map((table) => count(database, table)))).toEqual([
    200, 200, 200, 1,
  ]);
  const database = Database.open(path);
  expect(database.read((reader) => reader.get("SELECT CAST(time_nano AS TEXT) AS time FROM event"))).toEqual({
    time: "1800000000123456789",
  });
  database.close();
});

describe("of one that is damaged", () => {
  it.each([
    ["in the middle", () => zero(40_960, Math.floor(statSync(damaged).size / 2))],
    ["cut off", () => truncateSync(damaged, Math.floor(statSync(damaged).size / 8192) * 4096)],
  ])("%s it takes what can be read", (_, damage) => {
    const before = join(folder, "before.db");
    copyFileSync(damaged, before);
    damage();
    expect(findsDamage()).toBe(true);
    expect(salvaged((database) => count(database, "containers") + count(database, "volumes"))).toBeLessThan(400);
  });

  it.each([
    ["has no header", () => zero(0, 100)],
    ["is something else", () => writeFileSync(damaged, "something else, which is long enough for a header".repeat(100))],
    ["is not there", () => rmSync(damaged)],
  ])("that %s nothing is left, and that is a state to start with", (_, damage) => {
    damage();
    expect(salvaged((database) => count(database, "containers"))).toBe(0);
  });
});

it("tells damage from everything else that may go wrong", () => {
  expect(isDamage(Object.assign(new Error("file is not a database"), { errcode: 26 }))).toBe(true);
  expect(isDamage(Object.assign(new Error("database disk image is malformed"), { errcode: 11 + (3 << 8) }))).toBe(true);
  expect(isDamage(Object.assign(new Error("database or disk is full"), { errcode: 13 }))).toBe(false);
  expect(isDamage(new Error("no such table"))).toBe(false);
});

function findsDamage(): boolean {
  try {
    const database = Database.open(damaged);
    const whole = isWhole(database);
    database.close();
    return !whole;
  } catch (error) {
    return isDamage(error);
  }
}
