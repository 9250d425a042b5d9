import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compressionOf } from "./compression.ts";
import { gunzipByNode } from "./codecs.ts";
import { decompress } from "./decompress.ts";

const text = Buffer.from(Array.from({ length: 100_000 }, (_, index) => `line ${index}\n`).join(""));
const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

it.each([
  ["gzip", gzipSync("x")],
  ["zstd", zstdCompressSync("x")],
  ["zstd", skippable],
  ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00])],
  ["bzip2", Buffer.from("BZh91AY")],
  ["none", Buffer.from("file\0\0\0")],
  ["none", Buffer.alloc(0)],
  ["none", Buffer.from([0x1f])],
])("tells %s by its first bytes", (compression, start) => {
  expect(compressionOf(start)).toBe(compression);
});

async function* pieces(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < content.length; at += size) {
    // The next piece overwrites this one, as with the real sources.
    const piece = buffer.subarray(0, Math.min(size, content.length - at));
    piece.set(content.subarray(at, at + size));
    yield piece;
  }
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const piece of source) found.push(Buffer.from(piece));
  return Buffer.concat(found);
}

describe("zstd/gzip mixture: decompressing", () => {
  it.each([
    ["nothing", text],
    ["gzip", gzipSync(text)],
    ["gzip in two members", Buffer.concat([gzipSync(text.subarray(0, 1000)), gzipSync(text.subarray(1000))])],
    ["zstd", zstdCompressSync(text)],
    ["zstd in frames", Buffer.concat([skippable, zstdCompressSync(text.subarray(0, 9)), skippable, zstdCompressSync(text.subarray(9))])],
  ])("reads %s, in pieces of any size", async (_, content) => {
    for (const size of [1000, 65_536, 10_000_000]) expect((await whole(decompress(pieces(content, size)))).equals(text)).toBe(true);
  });

  it("puts the first bytes together when they come one by one", async () => {
    const short = text.subarray(0, 500);
    for (const content of [short, gzipSync(short), zstdCompressSync(short)]) {
      expect((await whole(decompress(pieces(content, 1)))).equals(short)).toBe(true);
    }
  });

  it.each([
    ["gzip cut short", gzipSync(text).subarray(0, -1)],
    ["gzip with junk", Buffer.concat([gzipSync(text), Buffer.from("junk")])],
    ["zstd cut short", zstdCompressSync(text).subarray(0, -1)],
    ["zstd with junk", Buffer.concat([zstdCompressSync(text), Buffer.from("junkjunk")])],
    // A frame header that asks for a window of 2 GiB, and its first block.
    ["zstd with a huge window", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00])],
  ])("refuses %s", async (_, content) => {
    await expect(whole(decompress(pieces(content, 700)))).rejects.toThrow();
  });

  it("passes on what the source throws", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield gzipSync(text).subarray(0, 100);
      throw new Error("source broke");
    }
    await expect(whole(decompress(broken()))).rejects.toThrow("source broke");
  });
});

describe("gzip by Node, where ISA-L is missing", () => {
  it("reads members and refuses what is none", async () => {
    const two = Buffer.concat([gzipSync("one"), gzipSync("two")]);
    expect((await whole(gunzipByNode(pieces(two, 10)))).toString()).toBe("onetwo");
    for (const end of [Buffer.from("junk"), Buffer.alloc(20)]) {
      await expect(whole(gunzipByNode(pieces(Buffer.concat([two, end]), 1000)))).rejects.toThrow();
    }
    await expect(whole(gunzipByNode(pieces(two.subarray(0, -3), 10)))).rejects.toThrow("unexpected end");
  });
});
