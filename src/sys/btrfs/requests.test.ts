import { describe, expect, it } from "vitest";
import {
  btrfsRequests,
  entryOf,
  fileHandle,
  foundItems,
  keyAfter,
  LAST,
  nameArguments,
  searchArguments,
  snapshotArguments,
} from "./requests.ts";
import { extentBytes } from "./trees.ts";

/** As `#include <linux/btrfs.h>` and a C compiler say them. */
it("asks by the numbers of the kernel's header", () => {
  expect(Object.entries(btrfsRequests).map(([name, code]) => `${name} 0x${code.toString(16)}`)).toEqual([
    "create 0x5000940e",
    "destroy 0x5000940f",
    "search 0xc0709411",
    "lookUp 0xd0009412",
    "snapshot 0x50009417",
    "getFlags 0x80089419",
    "setFlags 0x4008941a",
  ]);
});

describe("arguments", () => {
  const hex = (bytes: Buffer, from: number, to: number): string => bytes.subarray(from, to).toString("hex");

  it("name a subvolume", () => {
    const bytes = nameArguments("fs");
    expect([bytes.length, hex(bytes, 0, 12)]).toEqual([4096, "000000000000000066730000"]);
  });

  it("name what a snapshot is of, and its own name", () => {
    const bytes = snapshotArguments(7, "fs");
    expect([bytes.length, hex(bytes, 0, 8), hex(bytes, 8, 56), hex(bytes, 56, 60)]).toEqual([
      4096,
      "0700000000000000",
      "00".repeat(48),
      "66730000",
    ]);
  });

  it("name an inode of a tree", () => {
    expect(fileHandle(259n, 256n).toString("hex")).toBe(`140000004d000000${"0001000000000000"}${"0301000000000000"}00000000`);
  });

  it.each(["", "a/b", "..\0", "x".repeat(256)])("take no name that is none: %j", (name) => {
    expect(() => nameArguments(name)).toThrow(RangeError);
    expect(() => snapshotArguments(1, name)).toThrow(RangeError);
  });

  it("say which items are looked for, and how much room there is for them", () => {
    const from = { object: 256n, type: 108, offset: 0n };
    const bytes = searchArguments({ tree: 5n, from, to: { object: LAST, type: 255, offset: LAST }, newerThan: 9n }, 64);
    expect([bytes.length, hex(bytes, 0, 72), hex(bytes, 72, 112)]).toEqual([
      176,
      ["0500000000000000", "0001000000000000", "ff".repeat(8), "00".repeat(8), "ff".repeat(8), "0900000000000000", "ff".repeat(8)]
        .concat("6c000000", "ff000000", "ffffffff", "00000000")
        .join(""),
      `${"00".repeat(32)}4000000000000000`,
    ]);
  });
});

it("reads what was found, and goes on behind it", () => {
  const answer = Buffer.alloc(112 + 2 * 32 + 3);
  answer.writeUInt32LE(2, 64);
  const put = (at: number, object: bigint, offset: bigint, type: number, data: string): void => {
    answer.writeBigUInt64LE(object, at + 8);
    answer.writeBigUInt64LE(offset, at + 16);
    answer.writeUInt32LE(type, at + 24);
    answer.writeUInt32LE(data.length, at + 28);
    answer.write(data, at + 32);
  };
  put(112, 256n, 4096n, 108, "abc");
  put(112 + 35, 257n, LAST, 108, "");
  const [first, second] = [...foundItems(answer)];
  expect(first).toMatchObject({ object: 256n, offset: 4096n, type: 108, data: Buffer.from("abc") });
  expect(keyAfter(first ?? { object: 0n, type: 0, offset: 0n })).toMatchObject({ object: 256n, type: 108, offset: 4097n });
  expect(second && keyAfter(second)).toEqual({ object: 257n, type: 109, offset: 0n });
  expect(keyAfter({ object: 257n, type: 255, offset: LAST })).toEqual({ object: 258n, type: 0, offset: 0n });
  expect(keyAfter({ object: LAST, type: 255, offset: LAST })).toBeUndefined();
});

it("reads where a subvolume lies", () => {
  const data = Buffer.from("0901000000000000" + "0500000000000000" + "0200" + "6673", "hex");
  const entry = entryOf({ object: 5n, type: 156, offset: 259n, data });
  expect(entry).toEqual({ tree: 259n, parent: 5n, folder: 265n, name: Buffer.from("fs") });
});

describe("an extent", () => {
  function extent(fields: { generation?: bigint; type?: number; place?: bigint; onDisk?: bigint; length?: bigint }): Buffer {
    const bytes = Buffer.alloc(53);
    bytes.writeBigUInt64LE(fields.generation ?? 10n, 0);
    bytes.writeUInt8(fields.type ?? 1, 20);
    bytes.writeBigUInt64LE(fields.place ?? 4096n, 21);
    bytes.writeBigUInt64LE(fields.onDisk ?? 8192n, 29);
    bytes.writeBigUInt64LE(fields.length ?? 8192n, 45);
    return bytes;
  }

  it.each([
    ["counts when it is newer", extent({}), 8192],
    ["does not when it is of the transaction that made the snapshot", extent({ generation: 9n }), 0],
    ["has no place where it is a hole", extent({ place: 0n }), 0],
    ["has the place that it takes when it is compressed", extent({ onDisk: 4096n }), 4096],
    ["counts as far as it is used", extent({ length: 4096n }), 4096],
    ["may stand in the tree itself", extent({ type: 0 }).subarray(0, 21 + 7), 7],
    ["that is cut off counts nothing", Buffer.alloc(8), 0],
  ])("%s", (_, data, bytes) => {
    expect(extentBytes(data, 9n)).toBe(bytes);
  });
});
