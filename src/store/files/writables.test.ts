import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import type { Digest } from "#spec/digest.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { getXattr, setXattr } from "#sys/files/xattr.ts";
import { useDriver } from "../snapshots/contract.fixture.ts";
import { createOverlaySnapshotter } from "../snapshots/overlay/overlay.ts";
import { createVfsSnapshotter } from "../snapshots/whole/vfs.ts";
import { listing } from "../testing/listing.ts";
import { file, folder } from "#lib/tar/testing.ts";
import { createUnpacker } from "../unpack/unpacker.ts";
import type { PackedLayer } from "./contract.ts";
import { createContainerFiles } from "./files.ts";

const never = new AbortController().signal;
const files = createContainerFiles();
const unpacker = createUnpacker();
afterAll(async () => {
  await files.close();
  await unpacker.close();
});

describe.each([
  ["overlay", createOverlaySnapshotter],
  ["vfs", createVfsSnapshotter],
] as const)("what was written on %s", (name, create) => {
  const fixture = useDriver(create);
  let base: Digest;
  let scratch: string;
  let root: string;

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), "dhow-files-"));
    const entries = [
      folder("etc/"),
      file("etc/conf", "base"),
      file("etc/kept"),
      folder("d/"),
      file("d/a", "a"),
      file("d/b"),
      folder("gone/"),
      file("gone/x"),
    ];
    base = await fixture.layer("base", undefined, ...entries);
    await fixture.snapshots.createWritable("c", base);
    root = await fixture.snapshots.mount("c");
  });
  afterEach(async () => {
    await fixture.snapshots.unmount("c");
    rmSync(scratch, { recursive: true, force: true });
  });

  const at = (path: string): string => join(root, path);

  function change(): void {
    writeFileSync(at("etc/conf"), "changed");
    unlinkSync(at("d/a"));
    rmSync(at("gone"), { recursive: true });
    mkdirSync(at("gone"));
    writeFileSync(at("gone/y"), "new");
    mkdirSync(at("new/deep"), { recursive: true });
    writeFileSync(at("new/f"), "content");
    linkSync(at("new/f"), at("new/g"));
    symlinkSync("f", at("new/s"));
    chownSync(at("new/f"), 5, 6);
    chmodSync(at("new/f"), 0o4755);
    setXattr(bytePathOf(at("new/f")), "user.k", Buffer.from("v"));
    utimesSync(at("new/deep"), 5, 5.25);
  }

  async function commit(): Promise<{ archive: string; layer: PackedLayer; chainId: Digest }> {
    const archive = join(scratch, `archive-${Math.random()}`);
    const made: { layer?: PackedLayer; chainId?: Digest | undefined } = {};
    await fixture.snapshots.commitWritable("c", async (diff, target) => {
      made.layer = await files.packLayer({ diff, archive, folder: target }, never);
      return (made.chainId = chainIds([base, made.layer.diffId]).at(-1));
    });
    return { archive, ...made } as { archive: string; layer: PackedLayer; chainId: Digest };
  }

  it("is told of, folders of what changed included", async () => {
    change();
    const changes = await fixture.snapshots.withDiff("c", (diff) => files.changes(diff, never));
    expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "modified /d",
      "deleted /d/a",
      "modified /etc",
      "modified /etc/conf",
      "modified /gone",
      "deleted /gone/x",
      "added /gone/y",
      "added /new",
      "added /new/deep",
      "added /new/f",
      "added /new/g",
      "added /new/s",
    ]);
  });

  it("is nothing at first", async () => {
    expect(await fixture.snapshots.withDiff("c", (diff) => files.changes(diff, never))).toEqual([]);
    const { layer } = await commit();
    expect([layer.diffId, layer.size, layer.contentSize]).toEqual([
      "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
      1024,
      0,
    ]);
  });

  it("becomes a layer that shows the same, and so does its archive on the same base", async () => {
    change();
    const { archive, layer, chainId } = await commit();
    expect(layer.contentSize).toBe("changed".length + "new".length + "content".length);
    expect(layer.size).toBe(lstatSync(archive).size);
    expect(fixture.snapshots.hasLayer(chainId)).toBe(true);
    // The same archive, as another engine would unpack it.
    const { whiteouts } = fixture.snapshots;
    const again = chainIds([base, `sha256:${"a".repeat(64)}`]).at(-1) as Digest;
    await fixture.snapshots.importLayer(again, base, async (target, below) => {
      await unpacker.unpack({ source: { path: archive }, folder: target, below, whiteouts, expectedDiffId: layer.diffId }, never);
    });
    for (const [id, parent] of [
      ["x", chainId],
      ["y", again],
    ] as const) {
      await fixture.snapshots.createWritable(id, parent);
      const copy = await fixture.snapshots.mount(id);
      expect(listing(copy)).toEqual(listing(root));
      const { uid, gid, nlink, ino } = lstatSync(join(copy, "new/f"));
      expect([uid, gid, nlink, ino === lstatSync(join(copy, "new/g")).ino]).toEqual([5, 6, 2, true]);
      expect(getXattr(bytePathOf(join(copy, "new/f")), "user.k")?.toString()).toBe("v");
      expect(lstatSync(join(copy, "new/deep")).mtimeMs).toBe(5250);
      await fixture.snapshots.unmount(id);
    }
  });

  it("makes no second layer of the same", async () => {
    change();
    const [first, second] = [await commit(), await commit()];
    expect(second.chainId).toBe(first.chainId);
    expect(readFileSync(second.archive).equals(readFileSync(first.archive))).toBe(true);
  });

  it("leaves nothing of a layer that was given up", async () => {
    change();
    const given = new AbortController();
    given.abort();
    await expect(
      fixture.snapshots.commitWritable("c", async (diff, target) => {
        await files.packLayer({ diff, archive: join(scratch, "none"), folder: target }, given.signal);
        return base;
      }),
    ).rejects.toThrow();
    expect(fixture.snapshots.list().layers).toEqual([base]);
  });

  it("can be borrowed while it is unmounted and mounted", async () => {
    const [one, two] = [await fixture.snapshots.borrow("c"), await fixture.snapshots.borrow("c")];
    await fixture.snapshots.unmount("c");
    expect(lstatSync(join(one.root, "etc/conf")).isFile()).toBe(true);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    expect(lstatSync(join(two.root, "etc/conf")).isFile()).toBe(true);
    two[Symbol.dispose]();
    await fixture.snapshots.settle();
    expect(mountPointsBelow(fixture.root)).toEqual([]);
    expect(name === "vfs" || lstatSync(root).isDirectory()).toBe(true);
  });

  it("stays mounted for who mounted it, whoever borrowed it", async () => {
    const borrowed = await fixture.snapshots.borrow("c");
    borrowed[Symbol.dispose]();
    await fixture.snapshots.settle();
    expect(lstatSync(at("etc/conf")).isFile()).toBe(true);
  });
});
