/** What every driver has to do, whatever it is made of. A driver's test calls this. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { getXattr, setXattr } from "#sys/files/xattr.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { file, folder, symlink } from "#lib/tar/testing.ts";
import { idOf, useDriver } from "./contract.fixture.ts";
import { copyOnWriteSuite } from "./copy-on-write.suite.ts";
import type { SnapshotDriver } from "./driver.ts";

export interface SuiteOptions {
  /** Where the folders of the tests are made. */
  readonly base?: () => string;
  /** Bytes of a file with little in it: less where copies fill its holes. */
  readonly largeFile?: number;
}

export function snapshotterSuite(
  name: string,
  create: SnapshotDriver["create"],
  { base: at = tmpdir, largeFile = 1 << 30 }: SuiteOptions = {},
): void {
  const fixture = useDriver(create, at);
  const { base, rootOf } = fixture;
  /** Commits as the engine does, without an archive. */
  const commitWhole = async (id: string): Promise<void> => {
    await fixture.snapshots.commitWritable(id, async ({ changed }, target) => {
      if (target !== undefined) execFileSync("cp", ["-a", `${changed}/.`, target]);
      return await Promise.resolve(idOf(id));
    });
  };

  describe(`${name}: layers`, () => {
    it("exist once they are filled, also for the next daemon", async () => {
      expect(fixture.snapshots.hasLayer(idOf("base"))).toBe(false);
      const id = await base();
      expect(fixture.snapshots.hasLayer(id)).toBe(true);
      expect(fixture.snapshots.list().layers).toEqual([id]);
      expect(fixture.restart().hasLayer(id)).toBe(true);
    });

    it("are not there when filling them throws, and nothing is left", async () => {
      const work = fixture.snapshots.importLayer(idOf("x"), undefined, async (target) => {
        writeFileSync(join(target, "f"), "half");
        await Promise.reject(new Error("broken layer"));
      });
      await expect(work).rejects.toThrow("broken layer");
      expect(fixture.snapshots.hasLayer(idOf("x"))).toBe(false);
      expect(readdirSync(join(fixture.root, "staging"))).toEqual([]);
    });

    it("are filled once when two ask at once", async () => {
      let fills = 0;
      const fill = async (): Promise<void> => {
        fills += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      };
      await Promise.all([1, 2, 3].map(() => fixture.snapshots.importLayer(idOf("x"), undefined, fill)));
      expect(fills).toBe(1);
      await fixture.snapshots.importLayer(idOf("x"), undefined, fill);
      expect(fills).toBe(1);
    });

    it("are filled by the next when the first fails", async () => {
      const first = fixture.snapshots.importLayer(idOf("x"), undefined, () => Promise.reject(new Error("first")));
      const second = fixture.snapshots.importLayer(idOf("x"), undefined, () => Promise.resolve());
      await expect(first).rejects.toThrow("first");
      await second;
      expect(fixture.snapshots.hasLayer(idOf("x"))).toBe(true);
    });

    it("need their parent", async () => {
      await expect(fixture.layer("child", idOf("none"), file("f"))).rejects.toMatchObject({ category: "not-found" });
    });

    it("say that the disk is full", async () => {
      const full = Object.assign(new Error("write"), { code: "ENOSPC" });
      await expect(fixture.snapshots.importLayer(idOf("x"), undefined, () => Promise.reject(full))).rejects.toMatchObject({
        category: "exhausted",
        cause: full,
      });
    });

    it("stay while something stands on them", async () => {
      const parent = await base();
      const child = await fixture.layer("child", parent, file("f"));
      await fixture.snapshots.createWritable("c", child);
      for (const id of [parent, child]) await expect(fixture.snapshots.removeLayer(id)).rejects.toMatchObject({ category: "conflict" });
      await fixture.snapshots.removeWritable("c");
      await fixture.snapshots.removeLayer(child);
      await fixture.snapshots.removeLayer(parent);
      await fixture.snapshots.removeLayer(parent);
      expect(fixture.snapshots.list()).toEqual({ layers: [], writables: [] });
      expect(readdirSync(join(fixture.root, "layers"))).toEqual([]);
    });

    it("stay while a child is being filled", async () => {
      const parent = await base();
      const filling = Promise.withResolvers<void>();
      const child = fixture.snapshots.importLayer(idOf("child"), parent, () => filling.promise);
      await expect(fixture.snapshots.removeLayer(parent)).rejects.toMatchObject({ category: "conflict" });
      filling.resolve();
      await child;
    });

    it("have a size", async () => {
      const id = await fixture.layer("x", undefined, file("f", "x".repeat(100_000)), file("g", ""));
      const size = await fixture.snapshots.layerSize(id);
      expect(size).toBeGreaterThanOrEqual(100_000);
      expect(size).toBeLessThan(200_000);
      expect(await fixture.restart().layerSize(id)).toBe(size);
      await expect(fixture.snapshots.layerSize(idOf("none"))).rejects.toMatchObject({ category: "not-found" });
    });

    it("refuse a chain id that is a path", async () => {
      const evil = "sha256:../../../etc" as Digest;
      await expect(fixture.snapshots.importLayer(evil, undefined, () => Promise.resolve())).rejects.toMatchObject({ category: "invalid" });
      expect(fixture.snapshots.hasLayer(evil)).toBe(false);
      await fixture.snapshots.removeLayer(evil);
    });
  });

  describe(`${name}: writables`, () => {
    it("show all layers, deletions taken into account", async () => {
      const second = await fixture.layer("second", await base(), file("etc/conf", "second"), file("d/.wh.a"), file("new", "n"));
      const third = await fixture.layer("third", second, file(".wh.new"), folder("e/"), file("e/f", "f"));
      const root = await rootOf("c", third);
      expect(readFileSync(join(root, "etc/conf"), "utf8")).toBe("second");
      expect(readdirSync(join(root, "d"))).toEqual(["b"]);
      expect(existsSync(join(root, "new"))).toBe(false);
      expect(readFileSync(join(root, "e/f"), "utf8")).toBe("f");
    });

    it("show an emptied folder and an emptied root", async () => {
      const second = await fixture.layer("second", await base(), file("d/.wh..wh..opq"), file("d/new", "n"));
      expect(readdirSync(join(await rootOf("c", second), "d"))).toEqual(["new"]);
      const third = await fixture.layer("third", second, file(".wh..wh..opq"), file("only", "o"));
      const root = await rootOf("c2", third);
      expect(existsSync(join(root, "only"))).toBe(true);
      expect(existsSync(join(root, "d"))).toBe(false);
      const fourth = await fixture.layer("fourth", third, file("more", "m"));
      expect(existsSync(join(await rootOf("c3", fourth), "only"))).toBe(true);
    });

    it("keep what is written, apart from layers and from each other", async () => {
      const parent = await base();
      const [one, two] = [await rootOf("one", parent), await rootOf("two", parent)];
      writeFileSync(join(one, "etc/conf"), "mine");
      rmSync(join(one, "d"), { recursive: true });
      expect(readFileSync(join(two, "etc/conf"), "utf8")).toBe("base");
      expect(existsSync(join(two, "d/a"))).toBe(true);
      await fixture.snapshots.unmount("one");
      const again = await fixture.snapshots.mount("one");
      expect(readFileSync(join(again, "etc/conf"), "utf8")).toBe("mine");
      expect(existsSync(join(again, "d"))).toBe(false);
    });

    it("keep owners, modes, times and links", async () => {
      const parent = await fixture.layer(
        "x",
        undefined,
        file("f", "x", { mode: 0o4755, uid: 5, gid: 6, mtime: 1000 }),
        { name: "h", type: "1", link: "f" },
        symlink("s", "f"),
        { name: "null", type: "3", major: 1, minor: 3, mode: 0o666 },
        folder("t/", { mode: 0o1777, mtime: 2000 }),
      );
      const root = await rootOf("c", parent);
      expect(lstatSync(join(root, "f"))).toMatchObject({ uid: 5, gid: 6, mtimeMs: 1_000_000, nlink: 2 });
      expect(lstatSync(join(root, "f")).mode & 0o7777).toBe(0o4755);
      expect(lstatSync(join(root, "s")).isSymbolicLink()).toBe(true);
      expect(lstatSync(join(root, "null")).rdev).toBe(0x103);
      expect(lstatSync(join(root, "t"))).toMatchObject({ mtimeMs: 2_000_000 });
      expect(lstatSync(root).mode & 0o7777).toBe(0o755);
    });

    it("stand on nothing, too", async () => {
      const root = await rootOf("c", undefined);
      writeFileSync(join(root, "f"), "x");
      expect(existsSync(join(root, "dev"))).toBe(true);
    });

    it("are mounted once, and again by the next daemon", async () => {
      const root = await rootOf("c", await base());
      writeFileSync(join(root, "mine"), "x");
      expect(await fixture.snapshots.mount("c")).toBe(root);
      const next = fixture.restart();
      expect(next.list().writables).toEqual(["c"]);
      expect(await next.mount("c")).toBe(root);
      expect(readFileSync(join(root, "mine"), "utf8")).toBe("x");
    });

    it("need a layer, a name and that it is free", async () => {
      const create = (id: string, parent?: Digest): Promise<void> => fixture.snapshots.createWritable(id, parent);
      await expect(create("c", idOf("none"))).rejects.toMatchObject({ category: "not-found" });
      for (const id of ["", "..", ".", "a/b", "../x", "a\0b", "x".repeat(129), ".hidden"]) {
        await expect(create(id)).rejects.toMatchObject({ category: "invalid" });
      }
      await create("c");
      await expect(create("c")).rejects.toMatchObject({ category: "conflict" });
    });

    it("are gone when they are removed, mounted or not, and missing is no error", async () => {
      const root = await rootOf("c", await base());
      mkdirSync(join(root, "many"));
      for (let index = 0; index < 200; index++) writeFileSync(join(root, "many", `${index}`), "");
      await fixture.snapshots.removeWritable("c");
      expect(fixture.snapshots.list().writables).toEqual([]);
      await expect(fixture.snapshots.mount("c")).rejects.toMatchObject({ category: "not-found" });
      await fixture.snapshots.removeWritable("c");
      await fixture.snapshots.removeWritable("../x");
      await fixture.snapshots.unmount("none");
      await fixture.snapshots.createWritable("c", undefined);
      await fixture.snapshots.removeWritable("c");
      await fixture.snapshots.settle();
      expect(readdirSync(join(fixture.root, "staging"))).toEqual([]);
      expect(readdirSync(join(fixture.root, "writables"))).toEqual([]);
      expect(mountPointsBelow(fixture.root)).toEqual([]);
    });

    it("have a size", async () => {
      const root = await rootOf("c", undefined);
      const before = await fixture.snapshots.writableSize("c");
      writeFileSync(join(root, "f"), Buffer.alloc(50_000, 1));
      expect((await fixture.snapshots.writableSize("c")) - before).toBeGreaterThanOrEqual(50_000);
      await expect(fixture.snapshots.writableSize("none")).rejects.toMatchObject({ category: "not-found" });
    });

    it("keep attributes of files", async () => {
      const root = await rootOf("c", await fixture.layer("x", undefined, file("f", "x", { pax: { "SCHILY.xattr.user.a": "1" } })));
      expect(getXattr(bytePathOf(join(root, "f")), "user.a")?.toString()).toBe("1");
      setXattr(bytePathOf(join(root, "f")), "user.b", Buffer.from("2"));
      expect(getXattr(bytePathOf(join(root, "f")), "user.b")?.toString()).toBe("2");
    });

    it("may be disposable: good for this boot of the host, and no other", async () => {
      const parent = await base();
      await fixture.snapshots.createWritable("c", parent, { disposable: true });
      for (const content of ["one", "two"]) {
        const root = await fixture.snapshots.mount("c");
        writeFileSync(join(root, content), content);
        await fixture.snapshots.unmount("c");
      }
      expect(existsSync(join(await fixture.restart().mount("c"), "one"))).toBe(true);
      await fixture.snapshots.unmount("c");
      await expect(fixture.restart("boot-2").mount("c")).rejects.toMatchObject({ category: "conflict" });
      await fixture.snapshots.removeWritable("c");
    });
  });

  copyOnWriteSuite(name, fixture, largeFile);

  describe(`${name}: after a crash`, () => {
    it("what is half-done is gone", async () => {
      mkdirSync(join(fixture.root, "staging/half/fs/deep"), { recursive: true });
      await fixture.restart().sweep(new Set());
      expect(readdirSync(join(fixture.root, "staging"))).toEqual([]);
    });

    it("layers that may not have reached the disk are no layers, with all that stand on them", async () => {
      const parent = await base();
      const child = await fixture.layer("child", parent, file("f"));
      await fixture.snapshots.createWritable("c", child);
      // The host goes down before anything was synced.
      const next = fixture.restart("boot-2");
      expect([next.hasLayer(parent), next.hasLayer(child)]).toEqual([false, false]);
      await expect(next.createWritable("d", child)).rejects.toMatchObject({ category: "not-found" });
      await next.sweep(new Set());
      expect(await base()).toBe(parent);
    });

    it("layers that were synced outlive the host", async () => {
      const parent = await base();
      await fixture.snapshots.settle();
      expect(fixture.restart("boot-2").hasLayer(parent)).toBe(true);
      expect(fixture.restart("boot-3").hasLayer(parent)).toBe(true);
    });

    it("a layer whose content is missing is no layer", async () => {
      const parent = await base();
      await fixture.snapshots.settle();
      rmSync(join(fixture.root, "layers", parent.slice("sha256:".length), "fs"), { recursive: true });
      expect(fixture.restart().hasLayer(parent)).toBe(false);
    });
  });

  describe(`${name}: folders of the host`, () => {
    it("are closed to others", async () => {
      await rootOf("c", await base());
      chmodSync(fixture.root, 0o755);
      for (const inner of ["layers", "staging"]) expect(lstatSync(join(fixture.root, inner)).mode & 0o077).toBe(0);
      expect(lstatSync(join(fixture.root, "writables")).mode & 0o067).toBe(0);
    });
  });

  describe(`${name}: a writable that becomes a layer`, () => {
    it("is the layer, with what it deleted, and is gone itself", async () => {
      const parent = await base();
      const root = await rootOf("w", parent);
      writeFileSync(join(root, "made"), "m");
      writeFileSync(join(root, "etc/conf"), "changed");
      rmSync(join(root, "d"), { recursive: true });
      const seen: unknown[] = [];
      await fixture.snapshots.turnIntoLayer("w", async (diff) => {
        seen.push(existsSync(join(diff.changed, "made")), diff.below !== undefined);
        return await Promise.resolve(idOf("turned"));
      });
      expect(seen).toEqual([true, true]);
      expect(fixture.snapshots.list().writables).toEqual([]);
      for (const snapshots of [fixture.snapshots, fixture.restart()]) {
        expect(snapshots.hasLayer(idOf("turned"))).toBe(true);
        await snapshots.withLayer(idOf("turned"), async (view) => {
          expect(readFileSync(join(view, "etc/conf"), "utf8")).toBe("changed");
          expect(existsSync(join(view, "made"))).toBe(true);
          expect(existsSync(join(view, "d"))).toBe(false);
          await expect(snapshots.removeLayer(idOf("turned"))).rejects.toMatchObject({ category: "conflict" });
        });
      }
      await expect(fixture.snapshots.removeLayer(parent)).rejects.toMatchObject({ category: "conflict" });
    });

    it("has nothing in it of what the engine put there for mounts, and all that a container put beside that", async () => {
      const parent = await fixture.layer("bare", undefined, file("f", "x"));
      for (const id of ["turned", "committed"]) {
        const root = await rootOf(id, parent);
        writeFileSync(join(root, "dev/mine"), "m");
        if (id === "turned") await fixture.snapshots.turnIntoLayer(id, () => Promise.resolve(idOf(id)));
        else await commitWhole(id);
        await fixture.snapshots.withLayer(idOf(id), async (view) => {
          await Promise.resolve();
          expect([readdirSync(view).toSorted(), readdirSync(join(view, "dev"))]).toEqual([["dev", "f"], ["mine"]]);
        });
      }
    });

    it("leaves nothing when there is no layer to be made, or packing fails", async () => {
      const parent = await base();
      await rootOf("w", parent);
      await fixture.snapshots.turnIntoLayer("w", () => Promise.resolve(undefined));
      await rootOf("v", parent);
      await expect(fixture.snapshots.turnIntoLayer("v", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
      expect(fixture.snapshots.list()).toEqual({ layers: [parent], writables: [] });
      await fixture.snapshots.settle();
      expect(readdirSync(join(fixture.root, "staging"))).toEqual([]);
    });

    it("keeps a layer that is there already", async () => {
      const there = await fixture.layer("there", await base(), file("first", "1"));
      writeFileSync(join(await rootOf("w", idOf("base")), "second"), "2");
      await fixture.snapshots.turnIntoLayer("w", () => Promise.resolve(there));
      await fixture.snapshots.withLayer(there, async (view) => {
        await Promise.resolve();
        expect([existsSync(join(view, "first")), existsSync(join(view, "second"))]).toEqual([true, false]);
      });
    });

    it("shows a layer with nothing of a container's in it", async () => {
      const parent = await base();
      await rootOf("c", parent);
      await fixture.snapshots.withLayer(parent, async (view) => {
        await Promise.resolve();
        expect(readdirSync(view).toSorted()).toEqual(["d", "etc"]);
      });
      await expect(fixture.snapshots.withLayer(idOf("none"), () => Promise.resolve())).rejects.toMatchObject({ category: "not-found" });
    });
  });
}
