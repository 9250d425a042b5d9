import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasSubvolumes, isSubvolume, makeSubvolume, removeSubvolume, snapshotSubvolume, subvolumeBytes } from "./subvolume.ts";
import { BtrfsDisk, whyNoBtrfs } from "./testing.ts";

if (whyNoBtrfs !== undefined) console.warn(`tests on btrfs are skipped: ${whyNoBtrfs}`);

describe.skipIf(whyNoBtrfs !== undefined)("subvolumes", () => {
  let disk: BtrfsDisk;
  beforeAll(() => {
    disk = new BtrfsDisk(512);
  });
  afterAll(() => disk.remove());
  const at = (path: string): string => join(disk.root, path);

  it("are what folders, files and links are not", () => {
    makeSubvolume(at("one"));
    mkdirSync(at("folder"));
    symlinkSync("one", at("link"));
    expect(["one", "folder", "link", "missing"].map((name) => isSubvolume(at(name)))).toEqual([true, false, false, false]);
    expect(() => makeSubvolume(at("one"))).toThrow("EEXIST");
    expect(() => makeSubvolume("/proc/one")).toThrow("ENOTTY");
    expect(() => removeSubvolume(at("folder"))).toThrow("EINVAL");
  });

  it("share what a snapshot took over, and have as their own what was written since", () => {
    makeSubvolume(at("base"));
    writeFileSync(at("base/large"), Buffer.alloc(8 << 20, 1));
    writeFileSync(at("base/small"), "in the tree itself");
    expect(subvolumeBytes(at("base"))).toBe((8 << 20) + 18);
    snapshotSubvolume(at("base"), at("copy"));
    expect(readFileSync(at("copy/small"), "utf8")).toBe("in the tree itself");
    expect(subvolumeBytes(at("copy"))).toBe(0);
    const file = openSync(at("copy/large"), "r+");
    writeSync(file, "x", 4 << 20);
    closeSync(file);
    expect(subvolumeBytes(at("copy"))).toBe(4096);
    expect(subvolumeBytes(at("base"))).toBe((8 << 20) + 18);
    expect(readFileSync(at("base/large")).at(4 << 20)).toBe(1);
    const holes = openSync(at("copy/holes"), "w");
    ftruncateSync(holes, 2 ** 40);
    closeSync(holes);
    expect(subvolumeBytes(at("copy"))).toBe(4096);
    removeSubvolume(at("base"));
    expect(readFileSync(at("copy/large")).length).toBe(8 << 20);
    removeSubvolume(at("copy"));
    expect(readdirSync(disk.root)).not.toContain("copy");
  });

  it("take snapshots to find out about without those that lie inside, which count all the same", () => {
    makeSubvolume(at("outer"));
    expect(hasSubvolumes(at("outer"))).toBe(false);
    makeSubvolume(at("outer/inner"));
    writeFileSync(at("outer/inner/f"), Buffer.alloc(1 << 20, 1));
    expect(hasSubvolumes(at("outer"))).toBe(true);
    expect(subvolumeBytes(at("outer"))).toBe(1 << 20);
    snapshotSubvolume(at("outer"), at("taken"));
    expect([existsSync(at("taken/inner")), existsSync(at("taken/inner/f")), hasSubvolumes(at("taken"))]).toEqual([true, false, false]);
  });

  it("are removed whatever somebody has made inside: nested, write-protected, deeper than any path", () => {
    makeSubvolume(at("hostile"));
    const nest = (folder: string, depth: number): void => {
      makeSubvolume(join(folder, "s"));
      writeFileSync(join(folder, "s", "f"), "x");
      if (depth > 1) nest(join(folder, "s"), depth - 1);
      execFileSync("btrfs", ["property", "set", "-ts", join(folder, "s"), "ro", "true"]);
    };
    nest(at("hostile"), 4);
    // 40 levels of 250 bytes: no path reaches the subvolume at their end.
    execFileSync("sh", [
      "-c",
      `cd ${at("hostile")}; n=$(printf %250s | tr ' ' d); for i in $(seq 40); do mkdir $n; cd -P $n; done; btrfs subvolume create ./end >/dev/null; btrfs property set -ts ./end ro true`,
    ]);
    execFileSync("btrfs", ["property", "set", "-ts", at("hostile"), "ro", "true"]);
    expect(lstatSync(at("hostile")).isDirectory()).toBe(true);
    removeSubvolume(at("hostile"));
    expect(readdirSync(disk.root)).not.toContain("hostile");
    expect(execFileSync("btrfs", ["subvolume", "list", disk.root], { encoding: "utf8" })).not.toMatch(/hostile|\/s$|end$/m);
  });
});
