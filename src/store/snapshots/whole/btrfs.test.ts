import { mkdirSync, openSync, readFileSync, closeSync, writeFileSync, writeSync, ftruncateSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSubvolume, makeSubvolume } from "#sys/btrfs/subvolume.ts";
import { BtrfsDisk, whyNoBtrfs } from "#sys/btrfs/testing.ts";
import { silentLogger } from "#lib/logger.ts";
import { Trees } from "../../tree/trees.ts";
import { idOf, useDriver } from "../contract.fixture.ts";
import { snapshotterSuite } from "../contract.suite.ts";
import { selectSnapshotter } from "../select.ts";
import { btrfsSupport, createBtrfsSnapshotter } from "./btrfs.ts";

if (whyNoBtrfs !== undefined) console.warn(`tests on btrfs are skipped: ${whyNoBtrfs}`);

describe.skipIf(whyNoBtrfs !== undefined)("on a btrfs of its own", () => {
  let disk: BtrfsDisk;
  beforeAll(() => {
    disk = new BtrfsDisk(2048);
  });
  afterAll(() => disk.remove());
  const base = (): string => disk.root;

  snapshotterSuite("btrfs", createBtrfsSnapshotter, { base });

  describe("btrfs", () => {
    const fixture = useDriver(createBtrfsSnapshotter, base);

    it("has as a layer's and a container's own what they wrote: one byte of 1 GB costs a block", async () => {
      const layer = idOf("large");
      await fixture.snapshots.importLayer(layer, undefined, async (target) => {
        const large = openSync(join(target, "large"), "w");
        writeSync(large, Buffer.alloc(32 << 20, 1), 0, 32 << 20, 512 << 20);
        ftruncateSync(large, 1 << 30);
        closeSync(large);
        await Promise.resolve();
      });
      const top = await fixture.layer("top", layer, { name: "f", type: "0", data: Buffer.alloc(100_000, 1) });
      await fixture.snapshots.createWritable("c", top);
      const root = await fixture.snapshots.mount("c");
      const fresh = await fixture.snapshots.writableSize("c");
      expect(fresh).toBeLessThan(100);
      const large = openSync(join(root, "large"), "r+");
      writeSync(large, "x", 520 << 20);
      closeSync(large);
      expect(await fixture.snapshots.writableSize("c")).toBe(fresh + 4096);
      expect(await fixture.snapshots.layerSize(layer)).toBe(32 << 20);
      expect(await fixture.snapshots.layerSize(top)).toBe(102_400);
    });

    it("keeps what a container put into subvolumes of its own when it becomes a layer, and removes them with it", async () => {
      const parent = await fixture.layer("base", undefined);
      for (const id of ["kept", "gone"]) {
        await fixture.snapshots.createWritable(id, parent);
        const root = await fixture.snapshots.mount(id);
        mkdirSync(join(root, "d"));
        makeSubvolume(join(root, "d/inner"));
        writeFileSync(join(root, "d/inner/f"), "x");
      }
      await fixture.snapshots.commitWritable("kept", () => Promise.resolve(idOf("committed")));
      for (const id of ["one", "two"]) {
        await fixture.snapshots.createWritable(id, idOf("committed"));
        const root = await fixture.snapshots.mount(id);
        expect([readFileSync(join(root, "d/inner/f"), "utf8"), isSubvolume(join(root, "d/inner"))]).toEqual(["x", false]);
      }
      for (const id of ["kept", "gone", "one", "two"]) await fixture.snapshots.removeWritable(id);
      await fixture.snapshots.settle();
      expect(readdirSync(join(fixture.root, "staging"))).toEqual([]);
    });

    it("is chosen by name, stays chosen, and says what it stands on", async () => {
      const trees = new Trees();
      const dataRoot = mkdtempSync(join(disk.root, "select-"));
      const select = (driver?: string) => selectSnapshotter({ trees, logger: silentLogger }, { dataRoot, bootId: "b", driver });
      expect(select().name).toBe("overlay2");
      const chosen = select("btrfs");
      await chosen.createWritable("c", undefined);
      expect(select().name).toBe("btrfs");
      expect(chosen.status()).toEqual([["Backing Filesystem", "btrfs"]]);
      await chosen.removeWritable("c");
      await chosen.settle();
      await trees.close();
      expect(readdirSync(dataRoot).filter((name) => name.includes("probe"))).toEqual([]);
    });
  });
});

it("says where it does not work", () => {
  expect(btrfsSupport("/proc")).toMatchObject({ supported: false, reason: expect.stringContaining("not on btrfs") as string });
});
