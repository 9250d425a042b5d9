import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { mount, unmount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { Trees } from "../tree/trees.ts";
import { currentBootId } from "./boot-id.ts";
import { overlaySupport } from "./overlay/overlay-support.ts";
import { selectSnapshotter, type SelectOptions } from "./select.ts";

const trees = new Trees();
let dataRoot: string;

beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), "dhow-select-"));
});

afterEach(() => {
  rmSync(dataRoot, { recursive: true, force: true });
});

afterAll(() => trees.close());

function select(options: Partial<SelectOptions> = {}): ReturnType<typeof selectSnapshotter> {
  return selectSnapshotter({ trees, logger: silentLogger }, { dataRoot, bootId: currentBootId(), ...options });
}

describe("choosing a driver", () => {
  it("takes the best that works, in a folder of its own, and leaves no trial behind", () => {
    expect(select().name).toBe("overlay2");
    expect(readdirSync(dataRoot)).toEqual(["overlay2"]);
    expect(lstatSync(join(dataRoot, "overlay2")).mode & 0o777).toBe(0o710);
    expect(mountPointsBelow(dataRoot)).toEqual([]);
  });

  it("takes the one that is named", () => {
    expect(select({ driver: "vfs" }).name).toBe("vfs");
  });

  it("stays with the one that was used", async () => {
    const first = select({ driver: "vfs" });
    await first.createWritable("c", undefined);
    expect(select().name).toBe("vfs");
    expect(() => select({ driver: "overlay2" })).toThrow(
      `storage driver overlay2 cannot be used in ${dataRoot}: it holds images and containers of vfs`,
    );
    await first.removeWritable("c");
    await first.settle();
    expect(select().name).toBe("overlay2");
  });

  it("refuses a name that is unknown, and makes no folder of it", () => {
    expect(() => select({ driver: "../x" })).toThrow('storage driver "../x" is unknown; there are overlay2, btrfs, vfs');
    expect(existsSync(join(dataRoot, "../x"))).toBe(false);
  });

  it("describes itself", () => {
    expect(select().status()).toContainEqual(["Supports d_type", "true"]);
    expect(
      select({ driver: "vfs" })
        .status()
        .map(([name]) => name),
    ).toEqual(["Backing Filesystem"]);
  });
});

describe("trying an overlay", () => {
  it("says why it does not work", () => {
    // An overlay's deletions cannot be written into another overlay.
    for (const name of ["lower", "upper", "work", "nested"]) mkdirSync(join(dataRoot, name));
    const at = (name: string): string => join(dataRoot, name);
    mount({
      source: "overlay",
      target: at("nested"),
      type: "overlay",
      options: `lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")}`,
    });
    try {
      expect(overlaySupport(at("nested"))).toMatchObject({ supported: false, reason: expect.stringMatching(/\w/) as string });
      expect(() => selectSnapshotter({ trees, logger: silentLogger }, { dataRoot: at("nested"), bootId: "b", driver: "overlay2" })).toThrow(
        "storage driver overlay2 does not work on this host",
      );
      expect(readdirSync(at("nested"))).toEqual([]);
    } finally {
      unmount(at("nested"));
    }
  });
});
