import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { noteBoot } from "./boot.ts";

let folder: string;
let roots: { dataRoot: string; execRoot: string };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-boot-"));
  roots = { dataRoot: join(folder, "data"), execRoot: join(folder, "run") };
  mkdirSync(roots.dataRoot);
  mkdirSync(join(roots.execRoot, "monitors"), { recursive: true });
  mkdirSync(join(roots.execRoot, "bundles"));
  writeFileSync(join(roots.execRoot, "monitors", "x.json"), "{}");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (bootId: string): Promise<boolean> => noteBoot(roots, bootId, silentLogger);
const hasRecords = (): boolean => existsSync(join(roots.execRoot, "monitors", "x.json"));

test("the first start, and the daemon's own restarts, are no reboot", async () => {
  expect([await start("one"), await start("one"), hasRecords()]).toEqual([false, false, true]);
});

test("a reboot takes the records of processes, once, and nothing else", async () => {
  await start("one");
  expect([await start("two"), hasRecords(), existsSync(join(roots.execRoot, "bundles"))]).toEqual([true, false, true]);
  expect(await start("two")).toBe(false);
});

test("a reboot is seen where it took the exec root", async () => {
  await start("one");
  rmSync(roots.execRoot, { recursive: true });
  mkdirSync(roots.execRoot);
  expect(await start("two")).toBe(true);
});

test("an exec root that somebody removed is no reboot", async () => {
  await start("one");
  rmSync(roots.execRoot, { recursive: true });
  mkdirSync(roots.execRoot);
  expect(await start("one")).toBe(false);
});
