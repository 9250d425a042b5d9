import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { digestOf } from "../protocol/digest.ts";
import { registryStorageSuite } from "./contract.suite.ts";
import { FsStorage } from "./fs-storage.ts";

let root: string;
let storage: FsStorage;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "dhow-registry-storage-"));
  storage = await FsStorage.open(root);
});

afterEach(async () => {
  const left = readdirSync(join(root, "temporary"));
  await storage.close();
  rmSync(root, { recursive: true, force: true });
  if (left.length > 0) throw new Error("something temporary outlived a test");
});

registryStorageSuite("files", () => storage);

it("sweeps what a killed process was writing", async () => {
  writeFileSync(join(root, "temporary/half"), "half");
  await FsStorage.open(root);
  expect(readdirSync(join(root, "temporary"))).toEqual([]);
});

it("closes its files to others", async () => {
  await storage.put("a/b", Buffer.from("x"));
  const digest = digestOf(Buffer.from("y"));
  writeFileSync(join(root, "given"), "y", { mode: 0o600 });
  await storage.storeBlob(digest, join(root, "given"));
  const modes = ["documents", "documents/a", "documents/a/b", `blobs/sha256/${digest.slice(7, 9)}`].map(
    (path) => statSync(join(root, path)).mode & 0o077,
  );
  expect(modes).toEqual([0, 0, 0, 0]);
});
