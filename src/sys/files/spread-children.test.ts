import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { spreadChildren } from "./spread-children.ts";

const EXT4_MAGIC = 0xef53;
const onExt4 = statfsSync(tmpdir()).type === EXT4_MAGIC;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-spread-"));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const flagsOf = (folder: string): string => execFileSync("lsattr", ["-d", folder], { encoding: "utf8" }).split(" ", 1)[0] ?? "";

describe("folders whose children are spread over the disk", () => {
  it.skipIf(!onExt4)("are marked so, once and for all, and what is made in them is not", () => {
    const before = flagsOf(base);
    expect(before).not.toContain("T");
    spreadChildren(base);
    spreadChildren(base);
    expect(flagsOf(base).replace("T", "-")).toBe(before);
    expect(flagsOf(base)).toContain("T");
    mkdirSync(join(base, "child"));
    expect(flagsOf(join(base, "child"))).not.toContain("T");
  });

  it("are folders like others where the file system knows no such mark", () => {
    expect(() => spreadChildren("/proc")).not.toThrow();
  });
});
