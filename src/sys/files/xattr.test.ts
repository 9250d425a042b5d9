import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bytePathOf } from "#lib/byte-path.ts";
import { getXattr, listXattrs, removeXattr, setXattr } from "./xattr.ts";

let base: string;
let file: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-xattr-"));
  file = bytePathOf(join(base, "f"));
  writeFileSync(join(base, "f"), "");
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

it("sets, lists, reads and removes attributes", () => {
  expect(listXattrs(file)).toEqual([]);
  expect(getXattr(file, "user.none")).toBeUndefined();
  setXattr(file, "user.a", Buffer.from([0, 1, 255]));
  setXattr(file, "user.empty", Buffer.alloc(0));
  expect(listXattrs(file).toSorted()).toEqual(["user.a", "user.empty"]);
  expect(getXattr(file, "user.a")).toEqual(Buffer.from([0, 1, 255]));
  expect(getXattr(file, "user.empty")).toEqual(Buffer.alloc(0));
  removeXattr(file, "user.a");
  expect(listXattrs(file)).toEqual(["user.empty"]);
});

it("does not follow links", () => {
  symlinkSync(join(base, "f"), join(base, "s"));
  setXattr(bytePathOf(join(base, "s")), "trusted.mine", Buffer.from("link"));
  expect(listXattrs(file)).toEqual([]);
});

it("names what failed", () => {
  expect(() => {
    setXattr(file, "nonsense", Buffer.from("x"));
  }).toThrow(/lsetxattr .*\/f: (?:ENOTSUP|EOPNOTSUPP)/);
  expect(() => getXattr(bytePathOf(join(base, "none")), "user.a")).toThrow("ENOENT");
});
