/** What a layer puts into its folder has no hold over the thread that unpacks it, which calls that folder its root. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytePathOf } from "#lib/byte-path.ts";
import { mount, unmount } from "#sys/mounts/mount.ts";
import { makeSpecial } from "#sys/files/node-file.ts";
import { file, folder, symlink, tarOf, type FixtureEntry } from "#lib/tar/testing.ts";
import { createUnpacker } from "./unpacker.ts";

let base: string;
let target: string;
/** Ends every thread: the next test's job is the first of its thread. */
let unpacker = createUnpacker();

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-untrusted-"));
  target = join(base, "target");
  mkdirSync(target);
  unpacker = createUnpacker();
});

afterEach(async () => {
  await unpacker.close();
  rmSync(base, { recursive: true, force: true });
});

afterAll(() => unpacker.close());

function unpack(archive: Uint8Array, limitMs = 60_000): Promise<unknown> {
  writeFileSync(join(base, "archive"), archive);
  return unpacker.unpack({ source: { path: join(base, "archive") }, folder: target, whiteouts: "overlay" }, AbortSignal.timeout(limitMs));
}

/** `xz -1` of an archive with one file `f`, made once: the test needs no xz. */
const xzArchive = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARAAAACocI6G4Cf/AFVdADMAM1AYaImC7aeAafrabfK2pt8cnxyCpe7WEAk/hCLchl0Zj2SA4l3/UhVYUfQWK5uDNUGFAKavYezUS6rMFmIeMwwJ3I44lHKLMkxWirSlO/GK7QAAAAAAfAKyJSoy6g4AAXGAUAAAAIm1wHmxxGf7AgAAAAAEWVo=",
  "base64",
);

describe("nothing in the folder is opened by itself (CVE-2019-14271)", () => {
  /** Where libraries, modules and tables would be looked for; whoever opens a FIFO waits for ever. */
  const traps = [
    "lib/x86_64-linux-gnu/libc.so.6",
    "lib/x86_64-linux-gnu/libisal.so.2",
    "usr/lib/x86_64-linux-gnu/libisal.so.2",
    "usr/lib/x86_64-linux-gnu/liblzma.so.5",
    "usr/lib/ssl/openssl.cnf",
    "etc/ld.so.cache",
    "etc/ld.so.preload",
    "etc/localtime",
    "etc/nsswitch.conf",
    "etc/passwd",
    "proc/self/maps",
    "package.json",
    join(import.meta.dirname, "../../lib/tar/reader.ts").slice(1),
    join(import.meta.dirname, "../../../package.json").slice(1),
  ];

  beforeEach(() => {
    for (const trap of traps) {
      mkdirSync(join(target, dirname(trap)), { recursive: true });
      makeSpecial(bytePathOf(join(target, trap)), "fifo", 0o644, { major: 0, minor: 0 });
    }
  });

  const archive = tarOf(folder("d/"), file("d/f", "x"), file("d/.wh.gone"));

  it.each([
    ["plain", archive],
    ["gzip", gzipSync(archive)],
    ["zstd", zstdCompressSync(archive)],
  ])("while a %s archive is unpacked", async (_, bytes) => {
    await unpack(bytes);
    expect(readdirSync(join(target, "d")).toSorted()).toEqual(["f", "gone"]);
  });

  it.each([
    ["an archive", Buffer.from("not an archive".repeat(100))],
    ["gzip", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4])],
    ["xz", xzArchive.subarray(0, 40)],
  ])("while the error of damaged %s is told", async (_, bytes) => {
    await expect(unpack(bytes)).rejects.toMatchObject({ category: "invalid" });
  });
});

describe("P11, CVE-2014-9357, CVE-2026-41567: no program is started", () => {
  it.each(["gzip", "unpigz", "zstd", "xz", "bzip2", "igzip"])("%s of the image least of all", async (name) => {
    for (const place of ["bin", "usr/bin", "usr/local/bin", "sbin"]) {
      mkdirSync(join(target, place), { recursive: true });
      writeFileSync(join(target, place, name), `#!/bin/sh\ntouch ${base}/ran\ntouch /ran\n`);
      chmodSync(join(target, place, name), 0o755);
    }
    const archive = tarOf(file("f", "x"));
    await unpack(gzipSync(archive));
    await unpack(zstdCompressSync(archive));
    await unpack(xzArchive);
    await unpack(Buffer.from("BZh9 damaged")).catch(() => undefined);
    expect([existsSync(join(base, "ran")), existsSync(join(target, "ran"))]).toEqual([false, false]);
  });
});

describe("work is bounded by the size of the archive", () => {
  const many = (count: number, entries: (index: number) => readonly FixtureEntry[]): Buffer =>
    tarOf(...Array.from({ length: count }, (_, index) => entries(index)).flat());

  it.each<[string, () => Buffer]>([
    [
      "a folder that becomes a file and a folder again, beside many folders",
      () => Buffer.concat([many(5000, (index) => [folder(`d/${index}/`)]).subarray(0, -1024), many(5000, () => [file("x"), folder("x/")])]),
    ],
    [
      "links that lead through each other, doubling",
      () =>
        tarOf(
          symlink("s0", "t"),
          ...Array.from({ length: 38 }, (_, index) => symlink(`s${index + 1}`, `s${index}/s${index}`)),
          file("s38/f"),
        ),
    ],
    ["one folder emptied over and over", () => many(5000, (index) => [file(`d/${index}`), file("d/.wh..wh..opq")])],
    ["one name deleted and made over and over", () => many(5000, () => [file(".wh.x"), file("x")])],
  ])(
    "%s",
    async (_, archive) => {
      const start = performance.now();
      await unpack(archive()).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "invalid-layer" });
      });
      expect(performance.now() - start).toBeLessThan(60_000);
    },
    120_000,
  );

  it("counts folders that an archive makes without listing them", async () => {
    const deep = (index: number): FixtureEntry[] => [file(`${index}/${"d/".repeat(500)}f`)];
    writeFileSync(join(base, "archive"), many(10, deep));
    const request = { source: { path: join(base, "archive") }, folder: target, whiteouts: "overlay", limits: { entries: 2000 } } as const;
    await expect(unpacker.unpack(request, AbortSignal.timeout(60_000))).rejects.toMatchObject({ category: "too-large" });
  });
});

describe("a full disk", () => {
  it.each([
    ["is told from other failures", { freeShare: 0 }],
    ["is not waited for: some of it stays free", {}],
  ])("%s", async (_, limits) => {
    mount({ source: "tmpfs", target, type: "tmpfs", options: "size=2m" });
    try {
      writeFileSync(join(base, "archive"), tarOf(file("small", "x"), file("f", Buffer.alloc(20_000_000, 1))));
      const request = { source: { path: join(base, "archive") }, folder: target, whiteouts: "overlay", limits } as const;
      await expect(unpacker.unpack(request, AbortSignal.timeout(60_000))).rejects.toMatchObject({ category: "exhausted" });
    } finally {
      unmount(target);
    }
  });
});
