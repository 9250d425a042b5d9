import { describe, expect, it } from "vitest";
import type { TarEntry } from "#lib/tar/entry.ts";
import { TarReader } from "#lib/tar/reader.ts";
import { TarWriter, type PackedEntry } from "./tar-writer.ts";

const plain: PackedEntry = {
  type: "file",
  path: "f",
  target: "",
  mode: 0o644,
  user: 0,
  group: 0,
  size: 0,
  seconds: 0,
  nanoseconds: 0,
  major: 0,
  minor: 0,
  xattrs: undefined,
};

/** An archive written through memory of so many bytes. */
function written(memory: number, write: (tar: TarWriter) => void): Buffer {
  const pieces: Buffer[] = [];
  const buffer = Buffer.alloc(memory, 0xff);
  const tar = new TarWriter({ take: () => buffer, pass: (length) => void pieces.push(Buffer.from(buffer.subarray(0, length))) });
  write(tar);
  tar.finish();
  return Buffer.concat(pieces);
}

function read(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = new TarReader({ entry: (entry) => void entries.push(entry), data: () => undefined, end: () => undefined });
  reader.push(archive);
  reader.finish();
  return entries;
}

describe("what the reader reads again", () => {
  const long = "n".repeat(300);
  it.each<[string, Partial<PackedEntry>, Partial<TarEntry>]>([
    ["a plain file", {}, { path: "f", mode: 0o644, modified: { seconds: 0, nanoseconds: 0 } }],
    ["special bits", { mode: 0o7755 }, { mode: 0o7755 }],
    ["a name of 100 bytes", { path: "x".repeat(100) }, { path: "x".repeat(100) }],
    ["a longer name", { path: long }, { path: long }],
    ["bytes that are no text", { path: "q\u00ff\u00fe" }, { path: "q\u00ff\u00fe" }],
    ["a long target", { type: "symlink", target: long }, { target: long, type: "symlink" }],
    ["large ids", { user: 4_000_000_000, group: 2_097_152 }, { user: 4_000_000_000, group: 2_097_152 }],
    ["nanoseconds", { seconds: 5, nanoseconds: 1 }, { modified: { seconds: 5, nanoseconds: 1 } }],
    ["a time before 1970", { seconds: -2, nanoseconds: 250_000_000 }, { modified: { seconds: -2, nanoseconds: 250_000_000 } }],
    ["just before 1970", { seconds: -1, nanoseconds: 5 }, { modified: { seconds: -1, nanoseconds: 5 } }],
    ["a device", { type: "block", major: 8, minor: 300 }, { type: "block", major: 8, minor: 300 }],
    [
      "attributes of any bytes",
      { xattrs: new Map([["user.k", Buffer.from([0, 1, 255, 10, 61])]]) },
      { xattrs: new Map([["user.k", "\0\u0001\u00ff\n="]]) },
    ],
  ])("%s", (_, entry, expected) => {
    expect(read(written(1024, (tar) => tar.entry({ ...plain, ...entry })))).toMatchObject([expected]);
  });

  it("a size over 8 GiB, in its header", () => {
    const sizes: number[] = [];
    const archive = written(4096, (tar) => tar.entry({ ...plain, size: 9 * 1024 ** 3 }));
    const reader = new TarReader({ entry: ({ size }) => void sizes.push(size), data: () => undefined, end: () => undefined });
    reader.push(archive);
    expect(sizes).toEqual([9 * 1024 ** 3]);
  });

  it.each([997, 98, 95, 9, 1])("a record of about %i bytes, whose length counts its own digits", (length) => {
    const value = Buffer.alloc(length, "v");
    const [entry] = read(written(512, (tar) => tar.entry({ ...plain, xattrs: new Map([["user.k", value]]) })));
    expect(entry?.xattrs.get("user.k")).toBe(value.toString());
  });
});

it("fills memory of any whole number of blocks, and says how much there was", () => {
  for (const memory of [512, 1536, 4096]) {
    let total = 0;
    const archive = written(memory, (tar) => {
      tar.entry({ ...plain, path: "p".repeat(200), size: 1000 });
      for (let left = 1000; left > 0;) {
        const room = tar.room(left).fill("d");
        tar.filled(room.length);
        left -= room.length;
      }
      tar.pad(1000);
      total = tar.total;
    });
    expect(archive).toHaveLength(total + 1024);
    expect(read(archive).map(({ size }) => size)).toEqual([1000]);
  }
});
