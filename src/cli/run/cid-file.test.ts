import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CidFile } from "./cid-file.ts";

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "test-cid-")), "cid");
});
afterEach(() => rmSync(join(path, ".."), { recursive: true, force: true }));

it("holds the id", () => {
  {
    using file = new CidFile(path);
    file.write("abc");
  }
  expect(readFileSync(path, "utf8")).toBe("abc");
});

it("goes away when there is no container after all", () => {
  {
    using _file = new CidFile(path);
  }
  expect(existsSync(path)).toBe(false);
});

it("is never written over", () => {
  writeFileSync(path, "another");
  expect(() => new CidFile(path)).toThrow(`container ID file found, make sure the other container isn't running or delete ${path}`);
  expect(readFileSync(path, "utf8")).toBe("another");
});

it("says where it cannot be made", () => {
  expect(() => new CidFile("/none/cid")).toThrow("failed to create the container ID file /none/cid");
});
