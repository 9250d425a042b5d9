import { afterEach, beforeEach, expect, it } from "vitest";
import { Database } from "#store/db/database.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainMiss } from "./explain-miss.ts";
import { InputStore, type StepPlace } from "./input-store.ts";

const place = (instruction: string): StepPlace => ({ place: instruction, position: "1", instruction });
const COPY = place("COPY . .");

let folder: string;
let database: Database;
let store: InputStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inputs-"));
  database = Database.open(join(folder, "db"));
  store = new InputStore({ database });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const inputs = (...entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> =>
  new Map([["base", "sha256:aa"], ...entries]);

it("compares with the closest of what the same instruction was made from", async () => {
  await store.keep(COPY, inputs(["file a", "1"], ["file b", "1"]));
  await store.keep(COPY, inputs(["file other", "1"], ["file project", "1"]));
  expect(await explainMiss(store, COPY, inputs(["file a", "1"], ["file b", "2"]), "its base")).toBe("b was changed");
  expect(await explainMiss(store, COPY, inputs(["file a", "1"], ["file b", "1"]), "its base")).toBe(
    "what it made before is not in the cache any more",
  );
});

it("knows an instruction that was changed, on the same tree alone", async () => {
  await store.keep(place("RUN make"), inputs());
  expect(await explainMiss(store, place("RUN make all"), inputs(), "")).toBe('the instruction was changed: it was "RUN make"');
  expect(await explainMiss(store, place("RUN make all"), new Map([["base", "sha256:bb"]]), "")).toBe(
    "no build that is known of had this instruction",
  );
});

it("keeps the newest of an instruction, and not for ever more", async () => {
  for (let count = 0; count < 12; count++) await store.keep(COPY, inputs([`file ${count}`, "1"]));
  const kept = await store.of(COPY);
  expect(kept.map((one) => [...one.inputs.keys()].at(-1))).toEqual([11, 10, 9, 8, 7, 6, 5, 4].map((count) => `file ${count}`));
});
