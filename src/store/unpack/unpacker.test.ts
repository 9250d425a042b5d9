import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync, symlinkSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { getXattr, listXattrs } from "#sys/files/xattr.ts";
import { listing } from "../testing/listing.ts";
import { file, folder, hardlink, symlink, tarOf, type FixtureEntry } from "#lib/tar/testing.ts";
import type { Unpacked, UnpackRequest } from "./contract.ts";
import { createUnpacker } from "./unpacker.ts";

const unpacker = createUnpacker();
const never = new AbortController().signal;

let base: string;
let target: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-unpack-"));
  target = join(base, "target");
  mkdirSync(target);
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

afterAll(() => unpacker.close());

async function* pieces(archive: Buffer, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
}

function unpackBytes(archive: Buffer, more: Partial<UnpackRequest> = {}): Promise<Unpacked> {
  return unpacker.unpack({ source: { stream: pieces(archive) }, folder: target, whiteouts: "overlay", ...more }, never);
}

function unpack(...entries: readonly FixtureEntry[]): Promise<Unpacked> {
  return unpackBytes(tarOf(...entries));
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const opaque = (path: string): string | undefined => getXattr(bytePathOf(join(target, path)), "trusted.overlay.opaque")?.toString();

describe("unpacking", () => {
  it("writes every kind of node", async () => {
    await unpack(
      folder("./", { mode: 0o755 }),
      folder("d/", { mode: 0o1777 }),
      file("d/f", "content", { mode: 0o644 }),
      file("d/su", "x", { mode: 0o4755, uid: 3, gid: 4 }),
      symlink("s", "/d/f"),
      hardlink("h", "d/f"),
      { name: "null", type: "3", major: 1, minor: 3, mode: 0o666 },
      { name: "disk", type: "4", major: 254, minor: 1, mode: 0o660 },
      { name: "pipe", type: "6", mode: 0o600 },
    );
    expect(listing(target)).toEqual([
      "d/ 1777",
      "d/f 644 =content",
      "d/su 4755 =x",
      "disk 660 block 254:1",
      "h 644 =content",
      "null 666 char 1:3",
      "pipe 600 fifo",
      "s 777 -> /d/f",
    ]);
    expect(statSync(join(target, "h")).ino).toBe(statSync(join(target, "d/f")).ino);
  });

  it("keeps owners, times and attributes", async () => {
    const capability = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    await unpack(
      folder("d/", { uid: 10, gid: 2 ** 32 - 2, mtime: 1000, pax: { "SCHILY.xattr.user.on": "folder" } }),
      file("d/f", "x", {
        uid: 2 ** 31,
        gid: 20,
        pax: { mtime: "1700000000.123456789", "SCHILY.xattr.security.capability": capability, "SCHILY.xattr.user.a": "\xff\0" },
      }),
      { ...symlink("d/s", "f"), uid: 7, mtime: -1 },
    );
    const stats = (path: string): unknown => {
      const { uid, gid, mtimeNs } = lstatSync(join(target, path), { bigint: true });
      return [uid, gid, mtimeNs];
    };
    expect(stats("d/f")).toEqual([2n ** 31n, 20n, 1_700_000_000_123_456_789n]);
    expect(stats("d/s")).toEqual([7n, 0n, -1_000_000_000n]);
    expect(stats("d")).toEqual([10n, 2n ** 32n - 2n, 1_000_000_000_000n]);
    expect(getXattr(bytePathOf(join(target, "d/f")), "security.capability")).toEqual(Buffer.from(capability, "latin1"));
    expect(getXattr(bytePathOf(join(target, "d/f")), "user.a")).toEqual(Buffer.from([0xff, 0]));
    expect(getXattr(bytePathOf(join(target, "d")), "user.on")).toEqual(Buffer.from("folder"));
  });

  it("gives nothing to the group of a folder that hands down its own", async () => {
    await unpack(folder("d/", { mode: 0o2775, gid: 50 }), file("d/f"), folder("d/sub/", { mode: 0o755 }), file("plain"));
    expect(lstatSync(join(target, "d/f")).gid).toBe(0);
    expect(lstatSync(join(target, "d/sub")).gid).toBe(0);
    expect(listing(target).filter((line) => line.includes("/ "))).toEqual(["d/ 2775", "d/sub/ 755"]);
  });

  it("says what it has read", async () => {
    const archive = tarOf(file("a", "x".repeat(5000)), file("b", "y"), folder("d/"));
    const packed = gzipSync(archive);
    const unpacked = await unpackBytes(packed, {
      expectedDiffId: digestOf(archive),
      expectedBlob: { digest: digestOf(packed), size: packed.length },
    });
    expect(unpacked).toEqual({
      diffId: digestOf(archive),
      blob: { digest: digestOf(packed), size: packed.length },
      contentSize: 5001,
      entries: 3,
    });
  });

  it.each([
    ["plain", (archive: Buffer) => archive],
    ["gzip", (archive: Buffer) => gzipSync(archive)],
    ["zstd", (archive: Buffer) => zstdCompressSync(archive)],
  ])("reads a %s file and reports how far it is", async (_, pack) => {
    const content = Buffer.alloc(3_000_000, "some content, ");
    for (let at = 0; at < content.length; at += 1000) content.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    const path = join(base, "archive");
    writeFileSync(path, pack(tarOf(file("f", content))));
    const progress: number[] = [];
    await unpacker.unpack({ source: { path }, folder: target, whiteouts: "overlay", onProgress: (bytes) => progress.push(bytes) }, never);
    expect(statSync(join(target, "f")).size).toBe(3_000_000);
    expect(progress.toSorted((a, b) => a - b)).toEqual(progress);
    expect(progress.at(-1) ?? 0).toBeLessThanOrEqual(statSync(path).size);
  });

  it("takes names that are no text", async () => {
    await unpack(file("caf\xe9"), file("ok"));
    expect(readdirSync(target, { encoding: "buffer" }).map((name) => name.toString("latin1"))).toEqual(["caf\xe9", "ok"]);
  });
});

describe("one entry over another", () => {
  it.each<[string, FixtureEntry[], string[]]>([
    ["a file over a file", [file("a", "1"), file("a", "2")], ["a 644 =2"]],
    ["a file over a link, not through it", [file("t", "kept"), symlink("a", "t"), file("a", "new")], ["a 644 =new", "t 644 =kept"]],
    ["a file over a hard link, not into it", [file("t", "kept"), hardlink("a", "t"), file("a", "new")], ["a 644 =new", "t 644 =kept"]],
    ["a file over a device", [{ name: "a", type: "4", major: 254, minor: 0 }, file("a", "new")], ["a 644 =new"]],
    ["a file over a full folder", [folder("a/"), file("a/b"), folder("a/c/"), file("a", "new")], ["a 644 =new"]],
    ["a folder over a file", [file("a"), folder("a/"), file("a/b")], ["a/ 755", "a/b 644 ="]],
    [
      "a folder over a folder, which keeps its content",
      [folder("a/"), file("a/b"), folder("a/", { mode: 0o700 })],
      ["a/ 700", "a/b 644 ="],
    ],
    ["a folder over a link to one", [folder("t/"), symlink("a", "t"), folder("a/"), file("a/b")], ["a/ 755", "a/b 644 =", "t/ 755"]],
    ["a link over a folder", [folder("a/"), file("a/b"), symlink("a", "t")], ["a 777 -> t"]],
    ["a hard link over a file", [file("t", "1"), file("a", "2"), hardlink("a", "t")], ["a 644 =1", "t 644 =1"]],
    ["a hard link over itself", [file("a", "1"), hardlink("a", "a")], ["a 644 =1"]],
    ["all kinds in turn", [file("a", "1"), folder("a/"), file("a/b"), file("a", "3")], ["a 644 =3"]],
  ])("%s", async (_, entries, expected) => {
    await unpack(...entries);
    expect(listing(target)).toEqual(expected);
  });

  it("sets no time of a folder that is another thing by now", async () => {
    await unpack(folder("a/", { mtime: 5 }), symlink("a", "t"));
    expect(lstatSync(join(target, "a")).mtimeMs).toBe(1_700_000_000_000);
  });
});

describe("go-archive 0.3: paths and links that stay inside", () => {
  it.each<[string, FixtureEntry[], string[]]>([
    ["an absolute name", [file("/etc/f", "x")], ["etc/ 755", "etc/f 644 =x"]],
    ["an absolute target of a hard link", [file("a/f", "x"), hardlink("l", "/a/f")], ["a/ 755", "a/f 644 =x", "l 644 =x"]],
    [
      "a file behind an absolute link",
      [folder("run/"), folder("var/"), symlink("var/run", "/run"), file("var/run/pid", "1")],
      ["run/ 755", "run/pid 644 =1", "var/ 755", "var/run 777 -> /run"],
    ],
    [
      "a file behind a link whose target is still to come",
      [symlink("lib", "usr/lib"), file("lib/x", "1")],
      ["lib 777 -> usr/lib", "usr/ 755", "usr/lib/ 755", "usr/lib/x 644 =1"],
    ],
    ["dots inside", [file("a/b/../c", "x")], ["a/ 755", "a/c 644 =x"]],
    ["links that climb above the root", [symlink("up", "../../../.."), file("up/f", "x")], ["f 644 =x", "up 777 -> ../../../.."]],
  ])("%s", async (_, entries, expected) => {
    await unpack(...entries);
    expect(listing(target)).toEqual(expected);
  });

  it.each<[string, FixtureEntry[]]>([
    ["a circle of links", [symlink("a", "b"), symlink("b", "a"), file("a/f")]],
    ["a file as a folder", [file("a"), file("a/f")]],
    ["the root as a file", [file(".")]],
    ["the root as a link", [symlink(".", "/etc")]],
    ["a hard link to what is not there", [hardlink("a", "missing")]],
    ["a hard link to a folder", [folder("d/"), hardlink("a", "d")]],
    ["a hard link above the root", [hardlink("a", "../x")]],
  ])("refuses %s", async (_, entries) => {
    await expect(unpack(...entries)).rejects.toMatchObject({
      category: "invalid",
      code: "invalid-layer",
      message: expect.stringContaining('invalid layer: "') as string,
    });
  });
});

describe("whiteouts for an overlay", () => {
  it("marks deletions and emptied folders", async () => {
    await unpack(folder("d/"), file("d/.wh.gone"), file(".wh.top"), file("e/.wh..wh..opq"), file("e/new", "x"));
    expect(listing(target)).toEqual(["d/ 755", "d/gone 0 char 0:0", "e/ 755", "e/new 644 =x", "top 0 char 0:0"]);
    expect(opaque("e")).toBe("y");
    expect(opaque("d")).toBeUndefined();
  });

  it.each<[string, FixtureEntry[], string[], string | undefined]>([
    ["a file that the layer has, before", [file("a", "x"), file(".wh.a")], ["a 644 =x"], undefined],
    ["a file that the layer has, after", [file(".wh.a"), file("a", "x")], ["a 644 =x"], undefined],
    ["a folder that the layer has, before", [folder("a/"), file("a/b"), file(".wh.a")], ["a/ 755", "a/b 644 ="], "y"],
    ["a folder that the layer has, after", [file(".wh.a"), folder("a/"), file("a/b")], ["a/ 755", "a/b 644 ="], "y"],
    ["a folder that the layer only has content in, after", [file(".wh.a"), file("a/b")], ["a/ 755", "a/b 644 ="], "y"],
    ["a link that the layer has", [file(".wh.a"), symlink("a", "t")], ["a 777 -> t"], undefined],
  ])("deletes below the layer only: %s", async (_, entries, expected, isOpaque) => {
    await unpack(...entries);
    expect(listing(target)).toEqual(expected);
    expect(opaque("a")).toBe(isOpaque);
  });

  it("skips what AUFS kept for itself, after its hard links were made", async () => {
    await unpack(
      folder(".wh..wh.plnk/"),
      file(".wh..wh.plnk/1", "x"),
      hardlink("h", ".wh..wh.plnk/1"),
      file(".wh..wh.aufs"),
      file(".wh..wh.orph/1"),
    );
    expect(listing(target)).toEqual(["h 644 =x"]);
  });

  it("marks the root, for the driver to see", async () => {
    await unpack(file(".wh..wh..opq"), file("f"));
    expect(opaque("")).toBe("y");
  });
});

describe("whiteouts on a copy", () => {
  beforeEach(() => {
    mkdirSync(join(target, "d/sub"), { recursive: true });
    for (const name of ["d/old", "d/sub/old", "top"]) writeFileSync(join(target, name), "old");
  });

  it.each<[string, FixtureEntry[], string[]]>([
    ["a file", [file(".wh.top")], ["d/ 755", "d/old 644 =old", "d/sub/ 755", "d/sub/old 644 =old"]],
    ["a folder", [file(".wh.d")], ["top 644 =old"]],
    ["what is not there", [file("d/.wh.none"), file(".wh.top")], ["d/ 755", "d/old 644 =old", "d/sub/ 755", "d/sub/old 644 =old"]],
    [
      "all in a folder but what is new",
      [file("d/new", "n"), file("d/sub/new", "n"), file("d/.wh..wh..opq")],
      ["d/ 755", "d/new 644 =n", "top 644 =old"],
    ],
    ["a folder that the layer makes anew", [folder("d/"), file("d/new", "n"), file(".wh.d")], ["d/ 755", "d/new 644 =n", "top 644 =old"]],
    ["nothing that the layer has", [file("top", "new"), file(".wh.top"), file(".wh.d")], ["top 644 =new"]],
    ["everything", [file(".wh..wh..opq")], []],
  ])("deletes %s", async (_, entries, expected) => {
    await unpackBytes(tarOf(...entries), { whiteouts: "plain" });
    expect(listing(target)).toEqual(expected);
  });
});

describe("folders that the layer does not list", () => {
  it("look as they do below", async () => {
    const below = join(base, "below");
    mkdirSync(join(below, "root/.ssh"), { recursive: true });
    mkdirSync(join(below, "tmp"));
    const { chmodSync, chownSync, utimesSync } = await import("node:fs");
    chmodSync(join(below, "root"), 0o700);
    chmodSync(join(below, "tmp"), 0o1777);
    chownSync(join(below, "tmp"), 5, 6);
    utimesSync(join(below, "tmp"), 1000, 1000);
    mkdirSync(join(below, "usr/lib"), { recursive: true });
    symlinkSync("usr/lib", join(below, "lib"));
    await unpackBytes(tarOf(file("root/f"), file("tmp/f"), file("lib/libx.so"), file("new/f")), { below });
    expect(listing(target)).toEqual([
      "lib 777 -> usr/lib",
      "new/ 755",
      "new/f 644 =",
      "root/ 700",
      "root/f 644 =",
      "tmp/ 1777",
      "tmp/f 644 =",
      "usr/ 755",
      "usr/lib/ 755",
      "usr/lib/libx.so 644 =",
    ]);
    expect(statSync(join(target, "tmp"))).toMatchObject({ uid: 5, gid: 6, mtimeMs: 1_000_000 });
  });
});

describe("checking", () => {
  const archive = tarOf(file("f", "x"));
  const packed = gzipSync(archive);

  it.each<[string, Partial<UnpackRequest>, object]>([
    ["a wrong diff id", { expectedDiffId: digestOf(packed) }, { category: "invalid", code: "digest-mismatch" }],
    ["a wrong digest", { expectedBlob: { digest: digestOf(archive) } }, { category: "invalid", code: "digest-mismatch" }],
    ["a wrong size", { expectedBlob: { size: 5 } }, { category: "invalid", code: "size-mismatch" }],
    ["too many bytes", { limits: { bytes: 100 } }, { category: "too-large" }],
    ["too many entries", { limits: { entries: 0 } }, { category: "too-large" }],
    ["a disk that is nearly full", { limits: { freeBytes: Infinity, freeShare: 1 } }, { category: "exhausted" }],
  ])("refuses %s", async (_, more, expected) => {
    await expect(unpackBytes(packed, more)).rejects.toMatchObject(expected);
  });

  it.each([
    ["damaged gzip", Buffer.from(packed.with(20, 0x55))],
    ["gzip cut short", packed.subarray(0, -4)],
    ["gzip with junk", Buffer.concat([packed, Buffer.from("junk")])],
    ["an archive cut short in a file", archive.subarray(0, 512)],
    ["an archive cut short in a header", archive.subarray(0, 500)],
    ["no archive at all", Buffer.from("<html>Not found</html>".repeat(100))],
  ])("refuses %s", async (_, bytes) => {
    await expect(unpackBytes(bytes)).rejects.toMatchObject({ category: "invalid", code: "invalid-layer" });
  });

  it("stops at a bomb", async () => {
    const bomb = zstdCompressSync(tarOf(file("bomb", Buffer.alloc(32 * 1024 * 1024))));
    await expect(unpackBytes(bomb, { limits: { freeOfRatio: 1024 * 1024 } })).rejects.toMatchObject({ category: "too-large" });
    expect(lstatSync(join(target, "bomb")).size).toBeLessThan(8 * 1024 * 1024);
  });

  it("reports a missing archive or folder as a fault of the host", async () => {
    const missing = join(base, "missing");
    const request: UnpackRequest = { source: { path: missing }, folder: target, whiteouts: "overlay" };
    await expect(unpacker.unpack(request, never)).rejects.toMatchObject({ category: "system" });
    await expect(unpackBytes(archive, { folder: missing })).rejects.toMatchObject({ category: "system" });
  });

  it("does not follow a link to the archive", async () => {
    writeFileSync(join(base, "archive"), archive);
    symlinkSync(join(base, "archive"), join(base, "link"));
    const request: UnpackRequest = { source: { path: join(base, "link") }, folder: target, whiteouts: "overlay" };
    await expect(unpacker.unpack(request, never)).rejects.toMatchObject({ category: "system" });
  });

  it("works after a failure, on the same thread", async () => {
    for (let round = 0; round < 3; round++) await expect(unpackBytes(Buffer.from("x".repeat(600)))).rejects.toThrow();
    await unpack(file("f", "fine"));
    expect(listing(target)).toEqual(["f 644 =fine"]);
    expect(existsSync(join(base, "target/f"))).toBe(true);
  });
});

describe("ending early", () => {
  it("passes on what the stream throws", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield tarOf(file("f", "x")).subarray(0, 512);
      throw new Error("the peer hung up");
    }
    const request: UnpackRequest = { source: { stream: broken() }, folder: target, whiteouts: "overlay" };
    await expect(unpacker.unpack(request, never)).rejects.toThrow("the peer hung up");
  });

  it("stops when it is cancelled, also while the stream is asleep", async () => {
    const abort = new AbortController();
    let asleep = false;
    async function* sleepy(): AsyncGenerator<Uint8Array> {
      yield tarOf(file("f", "x")).subarray(0, 512);
      asleep = true;
      await sleep(60_000, undefined, { ref: false });
    }
    const request: UnpackRequest = { source: { stream: sleepy() }, folder: target, whiteouts: "overlay" };
    const work = unpacker.unpack(request, abort.signal);
    while (!asleep) await sleep(1);
    abort.abort();
    await expect(work).rejects.toMatchObject({ category: "cancelled" });
  });

  it("stops in the middle of a file", async () => {
    const path = join(base, "archive");
    writeFileSync(path, tarOf(...Array.from({ length: 20_000 }, (_, index) => file(`f${index}`, "x"))));
    const abort = new AbortController();
    const request: UnpackRequest = {
      source: { path },
      folder: target,
      whiteouts: "overlay",
      onProgress: () => {
        abort.abort();
      },
    };
    await expect(unpacker.unpack(request, abort.signal)).rejects.toMatchObject({ category: "cancelled" });
    expect(readdirSync(target).length).toBeLessThan(20_000);
  });

  it("stops reading a stream that is refused", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from("x".repeat(600));
        for (;;) {
          await sleep(1);
          yield Buffer.alloc(300_000);
        }
      } finally {
        closed = true;
      }
    }
    const request: UnpackRequest = { source: { stream: endless() }, folder: target, whiteouts: "overlay" };
    await expect(unpacker.unpack(request, never)).rejects.toMatchObject({ code: "invalid-layer" });
    for (let round = 0; round < 1000 && !closed; round++) await sleep(1);
    expect(closed).toBe(true);
  });
});

it("leaves no attribute of an overlay and none that is not the layer's to give", async () => {
  const pax = {
    "SCHILY.xattr.trusted.overlay.opaque": "y",
    "SCHILY.xattr.trusted.overlay.redirect": "/lower",
    "SCHILY.xattr.user.overlay.opaque": "y",
    "SCHILY.xattr.trusted.other": "x",
    "SCHILY.xattr.security.selinux": "x",
  };
  await unpack(folder("d/", { pax }), file("f", "", { pax }));
  for (const name of ["d", "f"]) expect(listXattrs(bytePathOf(join(target, name)))).toEqual([]);
});
