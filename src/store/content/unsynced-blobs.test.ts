import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { createContentStore, type FsContentStore } from "./fs-content-store.ts";

let root: string;
let stores: FsContentStore[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dhow-content-"));
  stores = [];
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  rmSync(root, { recursive: true, force: true });
});

const open = (bootId: string): FsContentStore => {
  const store = createContentStore({ root, bootId });
  stores.push(store);
  return store;
};
const bytes = Buffer.from("a layer");
const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const produce = (store: FsContentStore): Promise<void> =>
  store.produce(async (path) => {
    writeFileSync(path, bytes);
    return Promise.resolve({ digest, size: bytes.length });
  });
const marks = (): string[] => readdirSync(join(root, "unsynced"));
const leaveMark = (bootId: string): void => {
  writeFileSync(join(root, "unsynced", digest.slice("sha256:".length)), bootId);
};

it("is there at once, and without a mark when it is on the disk", async () => {
  const store = open("boot-1");
  await produce(store);
  expect((await store.read(digest, 100)).equals(bytes)).toBe(true);
  await store.close();
  expect([marks(), readdirSync(join(root, "ingest"))]).toEqual([[], []]);
});

it("outlives a daemon that was killed before, and gets to the disk then", async () => {
  await produce(open("boot-1"));
  await stores[0]?.close();
  leaveMark("boot-1");
  const next = open("boot-1");
  await next.sweep();
  expect(next.sizeOf(digest)).toBe(bytes.length);
  await next.close();
  expect(marks()).toEqual([]);
});

it.each(["boot-2", ""])("is gone after the host went down before (its mark says %j)", async (found) => {
  await produce(open("boot-1"));
  await stores[0]?.close();
  leaveMark(found);
  const next = open("boot-3");
  await next.sweep();
  expect([next.sizeOf(digest), marks()]).toEqual([undefined, []]);
});

it("is not marked again when it was here, and safe", async () => {
  const store = open("boot-1");
  await produce(store);
  await store.close();
  const again = open("boot-1");
  await produce(again);
  expect(again.sizeOf(digest)).toBe(bytes.length);
});

it("leaves nothing when writing fails", async () => {
  const store = open("boot-1");
  await expect(store.produce(() => Promise.reject(new Error("no more")))).rejects.toThrow("no more");
  expect([[...store.list()], marks()]).toEqual([[], []]);
});
