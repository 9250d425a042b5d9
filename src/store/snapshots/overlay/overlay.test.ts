import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { CANARY_TEXT, makeCanary } from "../../testing/canary.ts";
import { hostileLayers } from "../../testing/hostile-layers.ts";
import { file, folder, symlink } from "#lib/tar/testing.ts";
import { idOf, useDriver } from "../contract.fixture.ts";
import { snapshotterSuite } from "../contract.suite.ts";
import { createOverlaySnapshotter } from "./overlay.ts";

snapshotterSuite("overlay2", createOverlaySnapshotter);

describe("overlay2", () => {
  const fixture = useDriver(createOverlaySnapshotter);
  const mountInfo = (): string => readFileSync("/proc/self/mountinfo", "utf8");

  async function chain(length: number): Promise<Digest> {
    let parent: Digest | undefined;
    for (let index = 0; index < length; index++) {
      const id = idOf(`layer ${index}`);
      const name = `f${index}`;
      await fixture.snapshots.importLayer(id, parent, async (target) => {
        writeFileSync(join(target, name), name);
        await Promise.resolve();
      });
      parent = id;
    }
    return parent ?? idOf("none");
  }

  it("mounts so that no layer can redirect", async () => {
    await fixture.snapshots.createWritable("c", await chain(1));
    const root = await fixture.snapshots.mount("c");
    const line =
      mountInfo()
        .split("\n")
        .find((entry) => entry.includes(root)) ?? "";
    expect(line).toContain("redirect_dir=nofollow");
    expect(line).not.toMatch(/metacopy=on|index=on|volatile/);
  });

  it("mounts what is disposable without syncs", async () => {
    await fixture.snapshots.createWritable("c", await chain(1), { disposable: true });
    const root = await fixture.snapshots.mount("c");
    expect(
      mountInfo()
        .split("\n")
        .find((entry) => entry.includes(root)),
    ).toContain("volatile");
  });

  it("stacks more layers than one page of options can name, up to a limit", async () => {
    const top = await chain(200);
    await fixture.snapshots.createWritable("c", top);
    const root = await fixture.snapshots.mount("c");
    for (const name of ["f0", "f100", "f199"]) expect(readFileSync(join(root, name), "utf8")).toBe(name);
    await expect(fixture.snapshots.importLayer(idOf("one more"), top, () => Promise.resolve())).rejects.toThrow("max depth exceeded");
  });

  it("leaves nothing mounted by imports and inits, and sweeps what no one explains", async () => {
    const top = await fixture.layer("top", await chain(3), file("new/f"));
    expect(mountPointsBelow(fixture.root)).toEqual([]);
    for (const id of ["a", "b"]) {
      await fixture.snapshots.createWritable(id, top);
      await fixture.snapshots.mount(id);
    }
    const next = fixture.restart();
    await next.sweep(new Set(["a"]));
    await next.settle();
    expect(mountPointsBelow(fixture.root)).toEqual([join(fixture.root, "writables/a/merged")]);
    expect(next.list().writables.toSorted()).toEqual(["a", "b"]);
  });

  it("unmounts though somebody is inside, and mounts again", async () => {
    await fixture.snapshots.createWritable("c", await chain(2));
    const root = await fixture.snapshots.mount("c");
    const { openSync, closeSync } = await import("node:fs");
    const inside = openSync(root, "r");
    await fixture.snapshots.unmount("c");
    expect(mountPointsBelow(fixture.root)).toEqual([]);
    closeSync(inside);
    expect(existsSync(join(await fixture.snapshots.mount("c"), "f1"))).toBe(true);
  });

  it("copes with a mount that is gone, and with one at a time", async () => {
    await fixture.snapshots.createWritable("c", undefined);
    const root = await fixture.snapshots.mount("c");
    const { unmount } = await import("#sys/mounts/mount.ts");
    unmount(root);
    await fixture.snapshots.unmount("c");
    const roots = await Promise.all([fixture.snapshots.mount("c"), fixture.snapshots.mount("c")]);
    expect(new Set(roots).size).toBe(1);
    expect(mountPointsBelow(fixture.root)).toHaveLength(1);
  });

  it("lives in a folder whose name has characters that options do not take", async () => {
    const { silentLogger } = await import("#lib/logger.ts");
    const { Trees } = await import("../../tree/trees.ts");
    const trees = new Trees();
    const odd = createOverlaySnapshotter(
      { trees, logger: silentLogger },
      { root: join(fixture.root, "odd,name:with\\all of it"), bootId: "b" },
    );
    await odd.importLayer(idOf("x"), undefined, async (target) => {
      writeFileSync(join(target, "f"), "x");
      await Promise.resolve();
    });
    await odd.createWritable("c", idOf("x"));
    expect(readFileSync(join(await odd.mount("c"), "f"), "utf8")).toBe("x");
    await odd.removeWritable("c");
    await odd.settle();
    await trees.close();
    expect(mountPointsBelow(fixture.root)).toEqual([]);
  });

  it("does not change layers below while a layer without its folders comes in", async () => {
    const parent = await fixture.layer(
      "base",
      undefined,
      folder("root/", { mode: 0o700 }),
      folder("usr/"),
      folder("usr/lib/"),
      symlink("lib", "usr/lib"),
    );
    const top = await fixture.layer("mid", await fixture.layer("empty", parent), file("root/f"), file("lib/x", "x"));
    await fixture.snapshots.createWritable("c", top);
    const root = await fixture.snapshots.mount("c");
    expect(lstatSync(join(root, "root")).mode & 0o777).toBe(0o700);
    expect(readlinkSync(join(root, "lib"))).toBe("usr/lib");
    expect(readFileSync(join(root, "usr/lib/x"), "utf8")).toBe("x");
  });
});

describe("P03, P04: overlay2 over hostile layers", () => {
  const fixture = useDriver(createOverlaySnapshotter);

  it.each(hostileLayers.filter(({ outcome, name }) => "unpacked" in outcome && !["many", "passwdhuge"].includes(name)))(
    "$row: $name: $about",
    async ({ name, entries }) => {
      const canary = makeCanary(join(fixture.root, "host"));
      const before = canary.look();
      const base = await fixture.layer(
        "base",
        undefined,
        ...["bin", "etc", "proc", "sys", "dev", "lower", "lower/sub"].map((path) => folder(`${path}/`)),
        file("lower/keep", "keep"),
        file("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
      );
      const top = await fixture.layer("hostile", base, ...entries(canary.folder));
      await fixture.snapshots.createWritable("c", top);
      const root = await fixture.snapshots.mount("c");
      for (const place of ["dev", "proc", "sys"]) expect(lstatSync(join(root, place)).isDirectory()).toBe(true);
      for (const place of ["etc/hosts", "etc/hostname", "etc/resolv.conf", "dev/console"])
        expect(lstatSync(join(root, place)).isFile()).toBe(true);
      // What the layer did not delete by a whiteout is there.
      if (name !== "opq-root") expect(readFileSync(join(root, "lower/keep"), "utf8")).toBe(name === "xattr-meta" ? "" : "keep");
      if (name === "xattr-redir") expect(readdirSync(join(root, "stolen"))).toEqual([]);
      for (const leak of ["leak", "leak2", "f"]) {
        const stats = lstatSync(join(root, leak), { throwIfNoEntry: false });
        if (stats?.isFile() === true) expect(readFileSync(join(root, leak), "utf8")).not.toContain(CANARY_TEXT);
      }
      expect(canary.look()).toEqual(before);
    },
    60_000,
  );

  it("puts the mount points back when a container has turned them into links", async () => {
    const canary = makeCanary(join(fixture.root, "host"));
    const before = canary.look();
    await fixture.snapshots.createWritable("c", await fixture.layer("base", undefined, folder("etc/")));
    const root = await fixture.snapshots.mount("c");
    for (const place of ["dev", "proc"]) {
      rmSync(join(root, place), { recursive: true });
      symlinkSync(canary.folder, join(root, place));
    }
    rmSync(join(root, "sys"), { recursive: true });
    await fixture.snapshots.unmount("c");
    await fixture.snapshots.mount("c");
    for (const place of ["dev", "dev/pts", "dev/shm", "proc", "sys"]) expect(lstatSync(join(root, place)).isDirectory()).toBe(true);
    expect(canary.look()).toEqual(before);
  });

  it("shows nothing of the init layer among what a container wrote", async () => {
    await fixture.snapshots.createWritable("c", await fixture.layer("base", undefined, folder("etc/", { mode: 0o751, uid: 3 })));
    const root = await fixture.snapshots.mount("c");
    expect(readdirSync(join(root, "etc")).toSorted()).toEqual(["hostname", "hosts", "mtab", "resolv.conf"]);
    expect(readlinkSync(join(root, "etc/mtab"))).toBe("/proc/mounts");
    expect(lstatSync(join(root, "etc"))).toMatchObject({ uid: 3 });
    expect(lstatSync(join(root, "etc")).mode & 0o777).toBe(0o751);
    expect(readdirSync(join(fixture.root, "writables/c/upper"))).toEqual([]);
    expect(createHash("sha256").update("").digest("hex")).toHaveLength(64);
    mkdirSync(join(root, "mine"));
    expect(readdirSync(join(fixture.root, "writables/c/upper"))).toEqual(["mine"]);
  });
});

describe("a limit", () => {
  const limited: (readonly [number, readonly string[]])[] = [];
  const fixture = useDriver((deps, options) =>
    createOverlaySnapshotter(
      {
        ...deps,
        limit(path, bytes) {
          limited.push([bytes, readdirSync(path).map((name) => name.split(".")[0] ?? "")]);
          if (bytes === 13) throw new Error("this file system does not count");
        },
      },
      options,
    ),
  );

  it("is set before there is anything that counts, and where it cannot be nothing is left", async () => {
    await fixture.snapshots.createWritable("free", undefined);
    await fixture.snapshots.createWritable("limited", await fixture.base(), { limit: 1 << 20 });
    await expect(fixture.snapshots.createWritable("refused", undefined, { limit: 13 })).rejects.toThrow("does not count");
    expect(limited).toEqual([
      [1 << 20, ["parent"]],
      [13, []],
    ]);
    expect(fixture.snapshots.list().writables).toEqual(["free", "limited"]);
    expect(readdirSync(join(fixture.root, "staging"))).toEqual([]);
  });
});
