import { setImmediate, setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { eventFilterKeys } from "#spec/filters/event.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { Database } from "#store/db/database.ts";
import type { EngineEvent } from "./contract.ts";
import { EventStore } from "./event-store.ts";
import { Journal, type JournalOptions } from "./journal.ts";

let database: Database;
let clock: bigint;
let warnings: string[];
let controller: AbortController;
beforeEach(() => {
  database = Database.open(":memory:");
  clock = 1_700_000_000_000_000_000n;
  warnings = [];
  controller = new AbortController();
});
afterEach(() => {
  controller.abort();
  database.close();
});

function journalOf(options: Partial<JournalOptions> & { most?: number; now?: () => bigint } = {}): Journal {
  const store = new EventStore({ database }, { most: options.most ?? 1000 });
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) };
  return new Journal({ store, logger, now: options.now ?? (() => clock) }, options);
}

const start = (id: string): Omit<EngineEvent, "timeNano"> => ({ type: "container", action: "start", id, attributes: { name: id } });
const filters = (value: object = {}): ReturnType<typeof parseFilters> => parseFilters(JSON.stringify(value), eventFilterKeys);
const idsOf = async (events: AsyncIterable<EngineEvent>): Promise<string[]> => (await Array.fromAsync(events)).map((event) => event.id);
const past = (): { since: bigint; until: bigint; signal: AbortSignal } => ({ since: 0n, until: clock, signal: controller.signal });

test("a subscriber gets what comes after it has asked, in order, and ends with its signal", async () => {
  const journal = journalOf();
  journal.emit(start("before"));
  const events = journal.subscribe({ filters: filters(), signal: controller.signal });
  journal.emit(start("a"));
  await setImmediate();
  journal.emit(start("b"));
  expect(journal.listeners).toBe(1);
  controller.abort();
  expect(journal.listeners).toBe(0);
  expect(await idsOf(events)).toEqual(["a", "b"]);
});

test("history and what comes join without a gap and without a double", async () => {
  const journal = journalOf({ pageSize: 2 });
  for (const id of ["a", "b", "c", "d", "e"]) journal.emit(start(id));
  const events = journal.subscribe({ since: 0n, filters: filters(), signal: controller.signal });
  journal.emit(start("f"));
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(event.id);
    if (event.id === "c") journal.emit(start("g"));
    if (event.id === "g") controller.abort();
  }
  expect(seen).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
});

test("since and until are inclusive", async () => {
  const journal = journalOf();
  for (const id of ["a", "b", "c", "d"]) {
    clock += 1000n;
    journal.emit(start(id));
  }
  const base = clock - 3000n;
  clock += 1000n;
  const between = journal.subscribe({ since: base + 1000n, until: base + 2000n, filters: filters(), signal: controller.signal });
  expect(await idsOf(between)).toEqual(["b", "c"]);
  expect(await idsOf(journal.subscribe({ until: base, filters: filters(), signal: controller.signal }))).toEqual(["a"]);
});

test("until in the future ends the stream then", async () => {
  const journal = journalOf({ now: () => BigInt(Date.now()) * 1_000_000n });
  const until = BigInt(Date.now() + 100) * 1_000_000n;
  const events = journal.subscribe({ until, filters: filters(), signal: controller.signal });
  journal.emit(start("a"));
  expect(await idsOf(events)).toEqual(["a"]);
  expect(journal.listeners).toBe(0);
});

test("times grow strictly: within one tick, when the clock is set back, and over a restart", async () => {
  const journal = journalOf();
  const events = journal.subscribe({ filters: filters(), signal: controller.signal });
  journal.emit(start("a"));
  journal.emit(start("b"));
  clock -= 5_000_000_000n;
  journal.emit(start("c"));
  journal.flush();
  const second = journalOf();
  second.emit(start("d"));
  second.flush();
  controller.abort();
  expect((await Array.fromAsync(events)).map((event) => event.timeNano - (clock + 5_000_000_000n))).toEqual([0n, 1n, 2n]);
  controller = new AbortController();
  clock += 10_000_000_000n;
  expect(await idsOf(second.subscribe({ ...past(), filters: filters() }))).toEqual(["a", "b", "c", "d"]);
});

test("one turn's events are durable in the next", async () => {
  journalOf().emit(start("a"));
  await setImmediate();
  expect(await idsOf(journalOf().subscribe({ ...past(), filters: filters() }))).toEqual(["a"]);
});

test("keeps attributes and times exactly", async () => {
  const journal = journalOf();
  const attributes = { name: "x", __proto__label: "1", 'odd "key"': "\u0000ü" };
  journal.emit({ type: "container", action: "die", id: "x", attributes });
  const [event] = await Array.fromAsync(journal.subscribe({ ...past(), filters: filters() }));
  expect(event).toEqual({ type: "container", action: "die", id: "x", attributes, timeNano: clock });
});

test("filters history and live events alike", async () => {
  const journal = journalOf();
  journal.emit(start("a"));
  journal.emit(start("b"));
  const events = journal.subscribe({ since: 0n, filters: filters({ container: ["b"] }), signal: controller.signal });
  journal.emit(start("b"));
  journal.emit(start("a"));
  void setTimeout(20).then(() => controller.abort());
  expect(await idsOf(events)).toEqual(["b", "b"]);
});

test("history is bounded: the oldest go", async () => {
  const journal = journalOf({ most: 3 });
  for (const id of ["a", "b", "c", "d", "e"]) journal.emit(start(id));
  clock += 1000n;
  expect(await idsOf(journal.subscribe({ ...past(), filters: filters() }))).toEqual(["c", "d", "e"]);
});

test("a subscriber that does not read loses the oldest, alone, and that is logged once", async () => {
  const journal = journalOf({ queueLimit: 2 });
  const slow = journal.subscribe({ filters: filters(), signal: controller.signal });
  for (const id of ["a", "b", "c", "d"]) journal.emit(start(id));
  expect(warnings).toEqual(["a subscriber reads events too slowly; it loses the oldest"]);
  controller.abort();
  expect(await idsOf(slow)).toEqual(["c", "d"]);
});

test("a disk that cannot be written costs no event: subscribers get it, history has it, and it is written later", async () => {
  const journal = journalOf({ pendingLimit: 3 });
  journal.emit(start("written"));
  journal.flush();
  const good = database.transact.bind(database);
  database.transact = () => {
    throw new Error("no space left on device");
  };
  for (const id of ["a", "b", "c", "d"]) journal.emit(start(id));
  journal.flush();
  expect(warnings).toEqual(["events cannot be written; they are kept in memory"]);
  clock += 1000n;
  expect(await idsOf(journal.subscribe({ ...past(), filters: filters() }))).toEqual(["written", "b", "c", "d"]);
  database.transact = good;
  journal.emit(start("e"));
  journal.flush();
  expect(await idsOf(journalOf().subscribe({ ...past(), filters: filters() }))).toEqual(["written", "c", "d", "e"]);
});
