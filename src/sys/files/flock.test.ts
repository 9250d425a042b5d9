import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tryLock } from "./flock.ts";

test("one at a time, until it is closed", () => {
  const folder = mkdtempSync(join(tmpdir(), "flock-"));
  const [first, second] = [openSync(folder, "r"), openSync(folder, "r")];
  expect([tryLock(first), tryLock(second), tryLock(first)]).toEqual([true, false, true]);
  closeSync(first);
  expect(tryLock(second)).toBe(true);
  closeSync(second);
  expect(() => tryLock(-1)).toThrow("EBADF");
  rmSync(folder, { recursive: true });
});
