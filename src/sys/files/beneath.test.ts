import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TreeBeneath } from "./beneath.ts";

let base: string;
let tree: TreeBeneath;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-beneath-"));
  mkdirSync(join(base, "tree/usr/lib"), { recursive: true });
  writeFileSync(join(base, "outside"), "");
  tree = new TreeBeneath(join(base, "tree"));
});

afterEach(() => {
  tree[Symbol.dispose]();
  rmSync(base, { recursive: true, force: true });
});

it("looks at folders and links", () => {
  symlinkSync("usr/lib", join(base, "tree/lib"));
  expect(tree.look("usr/lib")?.stats.isDirectory()).toBe(true);
  expect(tree.look("lib")).toMatchObject({ target: "usr/lib" });
});

it("crosses no link and does not leave", () => {
  symlinkSync("usr", join(base, "tree/u"));
  symlinkSync("..", join(base, "tree/up"));
  expect(tree.look("u/lib")).toBeUndefined();
  expect(tree.look("up/outside")).toBeUndefined();
  expect(tree.look("../outside")).toBeUndefined();
  expect(tree.look("/etc")).toBeUndefined();
  expect(tree.look("none")).toBeUndefined();
});
