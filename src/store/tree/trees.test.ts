import { existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytePathOf } from "#lib/byte-path.ts";
import { detachMount, mount } from "#sys/mounts/mount.ts";
import { makeSpecial } from "#sys/files/node-file.ts";
import { getXattr, setXattr } from "#sys/files/xattr.ts";
import { listing } from "../testing/listing.ts";
import { OpenFolder } from "./open-folder.ts";
import { removalOf, removeFolder } from "./remove-folder.ts";
import { Trees } from "./trees.ts";

const trees = new Trees();
let base: string;
const at = (name: string): string => join(base, name);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-trees-"));
  mkdirSync(at("tree/sub/deep"), { recursive: true });
  for (const name of ["tree/a", "tree/sub/b", "tree/sub/deep/c"]) writeFileSync(at(name), name);
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

afterAll(() => trees.close());

describe("removing", () => {
  it("removes a folder, small or large, and minds none that is missing", async () => {
    await trees.remove(at("tree"));
    mkdirSync(at("large/d"), { recursive: true });
    for (let index = 0; index < 300; index++) writeFileSync(at(`large/d/${index}`), "");
    await trees.remove(at("large"));
    await trees.remove(at("none"));
    expect(listing(base)).toEqual([]);
  });

  it("can be stopped at any entry and taken up again", () => {
    for (let steps = 0; steps < 4; steps++) {
      const removal = removalOf(bytePathOf(at("tree")));
      for (let step = 0; step < steps; step++) expect(removal.next().done).toBe(false);
      removal.return();
      expect(existsSync(at("tree"))).toBe(true);
    }
    removeFolder(bytePathOf(at("tree")));
    expect(existsSync(at("tree"))).toBe(false);
  });

  it("removes links and not what they lead to", async () => {
    mkdirSync(at("host"));
    writeFileSync(at("host/file"), "kept");
    symlinkSync(at("host"), at("tree/link"));
    await trees.remove(at("tree"));
    expect(readFileSync(at("host/file"), "utf8")).toBe("kept");
  });

  it("is not led elsewhere by the folder itself", () => {
    symlinkSync(at("tree"), at("link"));
    expect(() => removeFolder(bytePathOf(at("link")))).toThrow(/ELOOP|ENOTDIR/);
    expect(existsSync(at("tree/a"))).toBe(true);
  });

  it.each([
    ["longer than any path can be", 60, "n".repeat(200)],
    ["deeper than we hold descriptors", 250, "d"],
  ])("removes what is nested %s", async (_, depth, name) => {
    // As a container does it: step by step.
    let folder = new OpenFolder(bytePathOf(at("tree")));
    for (let level = 0; level < depth; level++) {
      mkdirSync(folder.child(name));
      writeFileSync(folder.child("file"), "");
      const next = folder.open(name);
      folder[Symbol.dispose]();
      folder = next;
    }
    folder[Symbol.dispose]();
    expect(await trees.measure(at("tree"))).toBeGreaterThan(depth * 4096);
    await trees.remove(at("tree"));
    expect(existsSync(at("tree"))).toBe(false);
  });

  it("does not go into what is mounted there", async () => {
    mkdirSync(at("tree/mnt"));
    mount({ source: "tmpfs", target: at("tree/mnt"), type: "tmpfs" });
    writeFileSync(at("tree/mnt/precious"), "kept");
    try {
      await expect(trees.remove(at("tree"))).rejects.toThrow(/mounted on "mnt"/);
      expect(readFileSync(at("tree/mnt/precious"), "utf8")).toBe("kept");
    } finally {
      await detachMount(at("tree/mnt"))();
    }
  });
});

describe("measuring", () => {
  it("counts blocks, and a file with two names once", async () => {
    writeFileSync(at("tree/large"), Buffer.alloc(1_000_000, 1));
    const before = await trees.measure(at("tree"));
    expect(before).toBeGreaterThanOrEqual(1_000_000);
    linkSync(at("tree/large"), at("tree/again"));
    expect(await trees.measure(at("tree"))).toBe(before);
    mkdirSync(at("empty"));
    expect(await trees.measure(at("empty"))).toBe(0);
  });

  it("fails on what is missing", async () => {
    await expect(trees.measure(at("none"))).rejects.toMatchObject({ category: "system" });
  });
});

describe("copying", () => {
  it("copies everything that a file system keeps", async () => {
    symlinkSync("../a", at("tree/sub/link"));
    linkSync(at("tree/a"), at("tree/sub/hard"));
    makeSpecial(bytePathOf(at("tree/null")), "char", 0o666, { major: 1, minor: 3 });
    makeSpecial(bytePathOf(at("tree/disk")), "block", 0o660, { major: 300, minor: 70_000 });
    makeSpecial(bytePathOf(at("tree/pipe")), "fifo", 0o600, { major: 0, minor: 0 });
    setXattr(bytePathOf(at("tree/a")), "user.x", Buffer.from("y"));
    mkdirSync(at("copy"));
    await trees.copy(at("tree"), at("copy"));
    expect(listing(at("copy"))).toEqual(listing(at("tree")));
    expect(lstatSync(at("copy/disk")).rdev).toBe(lstatSync(at("tree/disk")).rdev);
    expect(lstatSync(at("copy/a")).ino).toBe(lstatSync(at("copy/sub/hard")).ino);
    expect(getXattr(bytePathOf(at("copy/a")), "user.x")?.toString()).toBe("y");
    for (const name of ["a", "sub", "sub/link", "pipe"]) {
      const [from, to] = [at(`tree/${name}`), at(`copy/${name}`)].map((path) => lstatSync(path, { bigint: true }));
      expect(to?.mtimeNs).toBe(from?.mtimeNs);
    }
  });

  it("does not write over anything", async () => {
    mkdirSync(at("copy"));
    writeFileSync(at("copy/a"), "mine");
    await expect(trees.copy(at("tree"), at("copy"))).rejects.toMatchObject({ category: "system" });
    expect(readFileSync(at("copy/a"), "utf8")).toBe("mine");
  });
});
