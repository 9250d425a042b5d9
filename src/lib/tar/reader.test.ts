import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryBytes, file, folder, hardlink, paxEntry, symlink, tarOf, type FixtureEntry } from "./testing.ts";
import { TarError, type TarEntry } from "./entry.ts";
import { TarReader } from "./reader.ts";

interface Read {
  readonly entry: TarEntry;
  readonly content: string;
}

/** Reads an archive in pieces of given sizes, over and over. */
function readAll(archive: Buffer, sizes: readonly number[] = [archive.length || 1]): Read[] {
  const found: Read[] = [];
  let content = "";
  const reader = new TarReader({
    entry: (entry) => {
      content = "";
      if (entry.type !== "file") found.push({ entry, content });
      else found.push({ entry, content: "unfinished" });
    },
    data: (bytes) => {
      content += Buffer.from(bytes).toString("latin1");
    },
    end: () => {
      found.push({ ...(found.pop() as Read), content });
    },
  });
  for (let at = 0, turn = 0; at < archive.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(archive.subarray(at, at + size));
    at += size;
  }
  reader.finish();
  return found;
}

function readOne(entry: FixtureEntry): TarEntry {
  const [read] = readAll(tarOf(entry));
  if (read === undefined) throw new Error("nothing was read");
  return read.entry;
}

describe("reading an archive", () => {
  it("gives entries with all they have", () => {
    const found = readAll(
      tarOf(
        folder("d/", { mode: 0o1777, uid: 5, gid: 6, mtime: 7 }),
        file("d/f", "content", { mode: 0o4755 }),
        symlink("s", "/target"),
        hardlink("h", "d/f"),
        { name: "c", type: "3", major: 1, minor: 3 },
        { name: "b", type: "4", major: 254, minor: 1 },
        { name: "p", type: "6" },
        file("empty"),
      ),
    );
    expect(found.map(({ entry, content }) => [entry.type, entry.path, entry.target, content])).toEqual([
      ["folder", "d/", "", ""],
      ["file", "d/f", "", "content"],
      ["symlink", "s", "/target", ""],
      ["hardlink", "h", "d/f", ""],
      ["char", "c", "", ""],
      ["block", "b", "", ""],
      ["fifo", "p", "", ""],
      ["file", "empty", "", ""],
    ]);
    expect(found[0]?.entry).toMatchObject({ mode: 0o1777, user: 5, group: 6, modified: { seconds: 7, nanoseconds: 0 } });
    expect(found[1]?.entry.mode).toBe(0o4755);
    expect(found[5]?.entry).toMatchObject({ major: 254, minor: 1 });
  });

  it("is the same however the bytes come in", () => {
    const archive = tarOf(
      folder("a/"),
      file("a/f", "x".repeat(1500)),
      file("long".repeat(60), "y".repeat(512)),
      file("e"),
      symlink("s", "t".repeat(200)),
    );
    const whole = readAll(archive);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        expect(readAll(archive, sizes)).toEqual(whole);
      }),
    );
  });

  it("never does worse than a TarError, whatever the bytes", () => {
    const archive = tarOf(file("a", "12345"), file("n".repeat(200), "x"), folder("d/"));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 }), (changes) => {
        const damaged = Buffer.from(archive);
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          readAll(damaged, [700]);
        } catch (error) {
          expect(error).toBeInstanceOf(TarError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("long and odd fields", () => {
  it("joins the prefix of a ustar name, and leaves GNU's alone", () => {
    expect(readOne({ name: "name", raw: [[345, "some/prefix"]] }).path).toBe("some/prefix/name");
    expect(readOne({ name: "name", magic: "ustar  \0", raw: [[345, "12345670123"]] }).path).toBe("name");
  });

  it("takes names of all 100 bytes without a NUL", () => {
    expect(readOne(file("n".repeat(100))).path).toBe("n".repeat(100));
  });

  it("reads GNU long names and links", () => {
    const long = "dir/".repeat(60);
    const archive = tarOf(
      { name: "././@LongLink", type: "L", data: `${long}\0` },
      { name: "././@LongLink", type: "K", data: `${long}t\0` },
      symlink("x", "y"),
    );
    expect(readAll(archive)[0]?.entry).toMatchObject({ path: long, target: `${long}t` });
  });

  it("lets an extended header win, once", () => {
    const archive = Buffer.concat([
      paxEntry({ path: "p", uid: "3000000000", gid: "4", mtime: "5.25", size: "3", "SCHILY.xattr.user.a": "\0\xff" }),
      entryBytes({ ...file("x", "abc"), raw: [[124, "00000000000\0"]] }),
      tarOf(file("y")),
    ]);
    const [first, second] = readAll(archive);
    expect(first).toMatchObject({
      content: "abc",
      entry: { path: "p", user: 3_000_000_000, group: 4, modified: { seconds: 5, nanoseconds: 250_000_000 } },
    });
    expect([...(first?.entry.xattrs ?? [])]).toEqual([["user.a", "\0\xff"]]);
    expect(second?.entry).toMatchObject({ path: "y", user: 0 });
    expect(second?.entry.xattrs.size).toBe(0);
  });

  it.each([
    ["a v7 archive", { ...file("f", "x"), magic: "\0\0\0\0\0\0\0\0" }, "file"],
    ["a v7 folder", { ...file("f/"), magic: "\0\0\0\0\0\0\0\0", type: "\0" }, "folder"],
    ["a file that wants to be contiguous", { ...file("f", "x"), type: "7" }, "file"],
    ["a hard link with a size", { ...hardlink("h", "f"), raw: [[124, "00000000017\0"]] } as FixtureEntry, "hardlink"],
    ["a time before 1970", { ...file("f"), mtime: -5 }, "file"],
  ])("reads %s", (_, entry, type) => {
    expect(readOne(entry).type).toBe(type);
  });

  it("reads over a global header and a volume label", () => {
    const archive = tarOf(
      { name: "pax_global_header", type: "g", data: "52 comment=0123456789012345678901234567890123456789\n" },
      { name: "label", type: "V" },
      file("f"),
    );
    expect(readAll(archive).map(({ entry }) => entry.path)).toEqual(["f"]);
  });

  it("sums old headers as signed bytes, too", () => {
    const name = "\xe9t\xe9";
    const plain = entryBytes(file(name));
    const sum = plain.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0) - 2 * 256;
    expect(readOne({ ...file(name), checksum: sum }).path).toBe(name);
  });
});

describe("the end of an archive", () => {
  it.each([
    ["is marked", tarOf(file("f", "x"))],
    ["is not marked", entryBytes(file("f", "x"))],
    ["is in the padding", entryBytes(file("f", "x")).subarray(0, 600)],
    ["is right behind the content", entryBytes(file("f", "x")).subarray(0, 513)],
    ["has one block of zeros", Buffer.concat([entryBytes(file("f", "x")), Buffer.alloc(512)])],
    ["has something behind it", Buffer.concat([tarOf(file("f", "x")), Buffer.from("not an archive any more")])],
  ])("%s", (_, archive) => {
    expect(readAll(archive)).toHaveLength(1);
  });

  it("may come at once", () => {
    expect(readAll(Buffer.alloc(1024))).toEqual([]);
    expect(readAll(Buffer.alloc(0))).toEqual([]);
  });

  it.each([
    ["in a header", entryBytes(file("f", "x")).subarray(0, 300)],
    ["in the content", entryBytes(file("f", "x".repeat(600))).subarray(0, 900)],
    ["in an extended header", paxEntry({ path: "p" }).subarray(0, 515)],
    ["after an extended header", paxEntry({ path: "p" })],
  ])("must not come %s", (_, archive) => {
    expect(() => readAll(archive)).toThrow("unexpected end of the archive");
  });
});

describe("refusing", () => {
  it.each<[string, Buffer, RegExp]>([
    ["a wrong checksum", tarOf({ ...file("f"), checksum: 1 }), /checksum is wrong/],
    ["a header after zeros", Buffer.concat([Buffer.alloc(512), tarOf(file("f"))]), /follows a block of zeros/],
    ["an unknown type", tarOf({ ...file("dir/f"), type: "Z" }), /"dir\/f": unknown type "Z"/],
    ["GNU sparse files", tarOf({ ...file("f"), type: "S" }), /"f": sparse/],
    ["pax sparse files", tarOf({ ...file("f"), pax: { "GNU.sparse.major": "1" } }), /"f": sparse/],
    ["a sparse map", tarOf({ ...file("f"), pax: { "GNU.sparse.map": "0,1" } }), /"f": sparse/],
    ["a size that is none", tarOf({ ...file("f"), pax: { size: "9223372036854775807" } }), /"f": invalid size/],
    ["a negative size", tarOf({ ...file("f"), raw: [[124, Buffer.alloc(12, 0xff)]] }), /"f": the size is negative/],
    ["an id for nobody", tarOf({ ...file("f"), uid: 2 ** 32 - 1 }), /"f": uid 4294967295 is out of range/],
    ["a negative id", tarOf({ ...file("f"), gid: -2 }), /"f": gid -2 is out of range/],
    ["a time that is none", tarOf({ ...file("f"), pax: { mtime: "1e300" } }), /"f": invalid time/],
    ["a NUL in a name", tarOf({ ...file("f"), pax: { path: "ok\0evil" } }), /a name contains a NUL/],
    ["a NUL in a target", tarOf({ ...symlink("s", "t"), pax: { linkpath: "a\0b" } }), /"s": a name contains a NUL/],
    ["a huge extended header", tarOf({ name: "x", type: "x", raw: [[124, "77777777777\0"]] }), /too large/],
    ["control characters in a message", tarOf({ ...file("a\n\x1b[31m"), type: "Z" }), /"a\\n\\u001b\[31m"/],
  ])("%s", (_, archive, message) => {
    expect(() => readAll(archive)).toThrow(TarError);
    expect(() => readAll(archive)).toThrow(message);
  });
});
