import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "./atomic-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("replaces the content, with the mode that was asked for", async () => {
  const path = join(folder, "state");
  writeFileSync(path, "old", { mode: 0o644 });
  await writeFileAtomic(path, "new", 0o600);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["state"]);
});

test("replaces a link instead of writing through it", async () => {
  const victim = join(folder, "victim");
  writeFileSync(victim, "untouched");
  symlinkSync(victim, join(folder, "state"));
  await writeFileAtomic(join(folder, "state"), "new", 0o600);
  expect(readFileSync(victim, "utf8")).toBe("untouched");
  expect(lstatSync(join(folder, "state")).isFile()).toBe(true);
});

test("leaves nothing behind when it fails", async () => {
  await expect(writeFileAtomic(join(folder, "missing", "state"), "new", 0o600)).rejects.toThrow("ENOENT");
  writeFileSync(join(folder, "plain"), "");
  await expect(writeFileAtomic(join(folder, "plain", "state"), "new", 0o600)).rejects.toThrow("ENOTDIR");
  expect(readdirSync(folder)).toEqual(["plain"]);
});
