import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { mountOverlay, overlayOptions } from "./overlay-mount.ts";

const SAFE = "redirect_dir=nofollow,metacopy=off,index=off";

describe("options", () => {
  it.each([
    [{ lowers: ["/a", "/b"], target: "/t" }, `lowerdir=/a:/b,${SAFE}`],
    [{ lowers: ["/a"], upper: { folder: "/u", work: "/w" }, target: "/t" }, `lowerdir=/a,upperdir=/u,workdir=/w,${SAFE}`],
    [
      { lowers: ["/a"], upper: { folder: "/u", work: "/w" }, volatile: true, target: "/t" },
      `lowerdir=/a,upperdir=/u,workdir=/w,${SAFE},volatile`,
    ],
  ])("of %j", (request, options) => {
    expect(overlayOptions(request)).toBe(options);
  });
});

describe("mounting", () => {
  let base: string;
  const at = (name: string): string => join(base, name);

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "dhow-overlay-mount-"));
    for (const name of ["upper", "work", "target"]) mkdirSync(at(name));
  });

  afterEach(async () => {
    for (const point of mountPointsBelow(base)) await detachMount(point)();
    rmSync(base, { recursive: true, force: true });
  });

  function lowers(count: number, name: (index: number) => string): string[] {
    return Array.from({ length: count }, (_, index) => {
      const folder = at(name(index));
      mkdirSync(folder);
      writeFileSync(join(folder, `f${index}`), `${index}`);
      return folder;
    });
  }

  it.each<[string, number, (index: number) => string]>([
    ["a few", 2, (index) => `l${index}`],
    ["more than a page of names holds", 120, (index) => `${"long".repeat(12)}-${index}`],
    ["names with commas and colons", 3, (index) => `a,b:c\\${index}`],
  ])("%s", (_, count, name) => {
    const upper = { folder: at("upper"), work: at("work") };
    mountOverlay({ lowers: lowers(count, name), upper, target: at("target") });
    for (const index of [0, count - 1]) expect(readFileSync(at(`target/f${index}`), "utf8")).toBe(`${index}`);
    writeFileSync(at("target/new"), "x");
    expect(readFileSync(at("upper/new"), "utf8")).toBe("x");
  });

  it("refuses more layers than can be named", () => {
    const [folder = ""] = lowers(1, () => "one");
    expect(() => {
      mountOverlay({ lowers: Array<string>(400).fill(folder), target: at("target") });
    }).toThrow("max depth exceeded");
    expect(mountPointsBelow(base)).toEqual([]);
  });
});
