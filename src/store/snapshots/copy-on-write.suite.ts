/** Part of what every driver has to do (`contract.suite.ts`): what is written belongs to who wrote it, whatever is made of what lies below. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { file, folder, symlink } from "#lib/tar/testing.ts";
import { idOf, type DriverFixture } from "./contract.fixture.ts";

/** @param largeFile bytes of a file with little in it. */
export function copyOnWriteSuite(name: string, fixture: DriverFixture, largeFile: number): void {
  const { base, rootOf } = fixture;

  describe(`${name}: copy on write`, () => {
    it(`of a file of ${largeFile >> 20} MiB changed by one byte leaves the layer and everybody else as they were`, async () => {
      const middle = largeFile / 2;
      const parent = idOf("large");
      await fixture.snapshots.importLayer(parent, undefined, async (target) => {
        writeAt(join(target, "large"), "w", "before", middle);
        truncateSync(join(target, "large"), largeFile);
        await Promise.resolve();
      });
      const [one, two] = [await rootOf("one", parent), await rootOf("two", parent)];
      writeAt(join(one, "large"), "r+", "B", middle);
      expect(readAt(join(one, "large"), middle)).toBe("Before");
      expect(lstatSync(join(one, "large")).size).toBe(largeFile);
      expect(readAt(join(two, "large"), middle)).toBe("before");
      await fixture.snapshots.withLayer(parent, async (view) => {
        await Promise.resolve();
        expect(readAt(join(view, "large"), middle)).toBe("before");
      });
      expect(await fixture.snapshots.layerSize(parent)).toBeLessThan(largeFile + 65_536);
    });

    it("of a file with two names touches neither name below", async () => {
      const parent = await fixture.layer("x", undefined, file("f", "old"), { name: "g", type: "1", link: "f" });
      const [one, two] = [await rootOf("one", parent), await rootOf("two", parent)];
      writeFileSync(join(one, "f"), "new");
      expect(readFileSync(join(one, "f"), "utf8")).toBe("new");
      for (const path of ["f", "g"]) expect(readFileSync(join(two, path), "utf8")).toBe("old");
      await fixture.snapshots.withLayer(parent, async (view) => {
        await Promise.resolve();
        for (const path of ["f", "g"]) expect(readFileSync(join(view, path), "utf8")).toBe("old");
      });
      // Names that are made here are of one file, also of one that came from below.
      linkSync(join(one, "f"), join(one, "h"));
      writeFileSync(join(one, "h"), "both");
      expect(readFileSync(join(one, "f"), "utf8")).toBe("both");
      expect(lstatSync(join(one, "f")).ino).toBe(lstatSync(join(one, "h")).ino);
    });

    it("of a folder that is renamed takes all along, and leaves it where it was for others", async () => {
      const parent = await base();
      const second = await fixture.layer("second", parent, file("d/c", "c"), file("d/deep/e", "e"));
      const [one, two] = [await rootOf("one", second), await rootOf("two", second)];
      // As a program does it: where the kernel will not rename what lies in a layer, it copies.
      execFileSync("mv", [join(one, "d"), join(one, "moved")]);
      expect(readdirSync(join(one, "moved")).toSorted()).toEqual(["a", "b", "c", "deep"]);
      expect(readFileSync(join(one, "moved/deep/e"), "utf8")).toBe("e");
      expect(existsSync(join(one, "d"))).toBe(false);
      mkdirSync(join(one, "own/x"), { recursive: true });
      renameSync(join(one, "own"), join(one, "d"));
      expect(readdirSync(join(one, "d"))).toEqual(["x"]);
      await fixture.snapshots.unmount("one");
      const again = await fixture.snapshots.mount("one");
      expect([readdirSync(join(again, "d")), readdirSync(join(again, "moved")).length]).toEqual([["x"], 4]);
      expect(readdirSync(join(two, "d")).toSorted()).toEqual(["a", "b", "c", "deep"]);
    });

    it("of what is deleted and made again shows the new alone", async () => {
      const parent = await base();
      const root = await rootOf("c", parent);
      rmSync(join(root, "d"), { recursive: true });
      mkdirSync(join(root, "d"));
      rmSync(join(root, "etc/conf"));
      mkdirSync(join(root, "etc/conf"));
      writeFileSync(join(root, "etc/conf/f"), "x");
      await fixture.snapshots.unmount("c");
      const again = await fixture.snapshots.mount("c");
      expect([readdirSync(join(again, "d")), readdirSync(join(again, "etc/conf"))]).toEqual([[], ["f"]]);
      renameSync(join(again, "etc/conf/f"), join(again, "d/a"));
      expect(readFileSync(join(again, "d/a"), "utf8")).toBe("x");
      expect(readFileSync(join(await rootOf("other", parent), "etc/conf"), "utf8")).toBe("base");
    });

    it("is what layers over layers do, too: a file over a folder, a folder over a link, a deletion taken back", async () => {
      const second = await fixture.layer(
        "second",
        await base(),
        file("d", "file"),
        folder("etc/"),
        file("etc/.wh.conf"),
        symlink("l", "etc"),
      );
      const third = await fixture.layer("third", second, file("etc/conf", "again"), folder("l/"), file("l/f", "f"));
      const root = await rootOf("c", third);
      expect(readFileSync(join(root, "d"), "utf8")).toBe("file");
      expect(readFileSync(join(root, "etc/conf"), "utf8")).toBe("again");
      expect(lstatSync(join(root, "l")).isDirectory()).toBe(true);
      expect(existsSync(join(root, "etc/f"))).toBe(false);
    });
  });
}

function writeAt(path: string, flags: string, text: string, position: number): void {
  const file = openSync(path, flags);
  writeSync(file, text, position);
  closeSync(file);
}

function readAt(path: string, position: number): string {
  const bytes = Buffer.alloc(6);
  const file = openSync(path, "r");
  readSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
  return bytes.toString();
}
