import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger, type Logger } from "#lib/logger.ts";
import { readFacts, removeFact, writeFact } from "./facts.ts";
import { LayerSync } from "./layer-sync.ts";

let root: string;
let layer: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dhow-layer-sync-"));
  layer = join(root, "layer");
  mkdirSync(layer);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

it("keeps facts as names", () => {
  writeFact(layer, "parent", "abc");
  writeFact(layer, "opaque", "");
  writeFact(layer, "odd", "a.b-c");
  mkdirSync(join(layer, "fs"));
  expect(readdirSync(layer).toSorted()).toEqual(["fs", "odd.a.b-c", "opaque", "parent.abc"]);
  expect(Object.fromEntries(readFacts(layer))).toEqual({ odd: "a.b-c", opaque: "", parent: "abc" });
  removeFact(layer, "parent", "abc");
  expect(readFacts(layer).has("parent")).toBe(false);
});

it("takes the mark off after a sync", async () => {
  const sync = new LayerSync(root, { bootId: "b1", logger: silentLogger });
  sync.mark(layer, layer);
  expect(readdirSync(layer)).toEqual(["unsynced.b1"]);
  sync.start();
  await sync.flush();
  expect(readdirSync(layer)).toEqual([]);
  await sync.flush();
});

it("goes on with what an earlier daemon of the same boot has marked, and distrusts another boot's", async () => {
  writeFact(layer, "unsynced", "b1");
  expect(new LayerSync(root, { bootId: "b2", logger: silentLogger }).resume(layer, readFacts(layer))).toBe(false);
  const sync = new LayerSync(root, { bootId: "b1", logger: silentLogger });
  expect(sync.resume(layer, readFacts(layer))).toBe(true);
  await sync.flush();
  expect(readdirSync(layer)).toEqual([]);
});

it("minds neither a layer that is gone nor a sync that fails", async () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => void warnings.push(message) };
  const sync = new LayerSync(root, { bootId: "b1", logger });
  sync.mark(layer, layer);
  rmSync(layer, { recursive: true });
  await sync.flush();
  expect(warnings).toEqual([]);
  mkdirSync(layer);
  const lost = new LayerSync(join(root, "none"), { bootId: "b1", logger });
  lost.mark(layer, layer);
  await lost.flush();
  expect(warnings).toHaveLength(1);
  expect(readdirSync(layer)).toEqual(["unsynced.b1"]);
});
