import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detachMount, mount, MOST_MOUNT_OPTIONS, unmount } from "./mount.ts";
import { mountPointsBelow, mountPointsOf } from "./mount-table.ts";

let base: string;
let target: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow mount-"));
  target = join(base, "target");
  mkdirSync(target);
});

afterEach(async () => {
  for (const point of mountPointsBelow(base)) await detachMount(point)();
  rmSync(base, { recursive: true, force: true });
});

function mountTmpfs(): void {
  mount({ source: "tmpfs", target, type: "tmpfs", options: "size=64k" });
}

describe("mounting", () => {
  it("mounts and unmounts, and is seen in the table", () => {
    mountTmpfs();
    expect(mountPointsBelow(base)).toEqual([target]);
    unmount(target);
    expect(mountPointsBelow(base)).toEqual([]);
  });

  it("names what failed", () => {
    expect(() => {
      mount({ source: "x", target, type: "no-such-type" });
    }).toThrow(`mount ${target}: ENODEV`);
  });

  it("refuses options that the kernel would cut", () => {
    expect(() => {
      mount({ source: "x", target, type: "tmpfs", options: "x".repeat(MOST_MOUNT_OPTIONS + 1) });
    }).toThrow(RangeError);
  });
});

describe("detaching", () => {
  it("takes a busy mount away at once and ends it later", async () => {
    mountTmpfs();
    writeFileSync(join(target, "f"), "x");
    const end = detachMount(target);
    expect(mountPointsBelow(base)).toEqual([]);
    expect(existsSync(join(target, "f"))).toBe(false);
    await end();
  });

  it("fails where nothing is mounted, and does not follow a link", () => {
    expect(() => detachMount(target)).toThrow("EINVAL");
    mountTmpfs();
    symlinkSync(target, join(base, "link"));
    expect(() => detachMount(join(base, "link"))).toThrow("EINVAL");
    expect(mountPointsBelow(base)).toEqual([target]);
  });
});

it("reads escaped paths of the table", () => {
  const line = String.raw`36 35 98:0 / /mnt/a\040b\134c rw,noatime master:1 - ext3 /dev/root rw`;
  expect(mountPointsOf(`${line}\n`)).toEqual(["/mnt/a b\\c"]);
});
