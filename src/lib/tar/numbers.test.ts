import { describe, expect, it } from "vitest";
import { TarError } from "./entry.ts";
import { readDecimal, readNumber } from "./numbers.ts";

function read(bytes: string | readonly number[]): number {
  const field = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Buffer.from(bytes);
  return readNumber(field, 0, field.length, "size");
}

describe("numbers of a header", () => {
  it.each([
    ["0000644\0", 0o644],
    ["   644 \0", 0o644],
    ["644", 0o644],
    ["77777777777", 8 ** 11 - 1],
    ["\0\0\0\0", 0],
    ["    ", 0],
    ["12\0junk", 0o12],
    [[0x80, 0, 0, 0, 0, 0, 0, 5], 5],
    [[0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 2 ** 32 - 1],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -1],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], -256],
  ])("%j is %d", (bytes, expected) => {
    expect(read(bytes)).toBe(expected);
  });

  it.each([["9"], ["12a4"], ["-1"], ["0x1"], [[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]], [[0xc0, 0, 0, 0, 0, 0, 0, 0, 0]]])(
    "%j is none",
    (bytes) => {
      expect(() => read(bytes)).toThrow(TarError);
    },
  );
});

describe("decimal numbers", () => {
  it("reads whole positive ones", () => {
    expect(readDecimal("9007199254740991", "size")).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each(["", "-1", "1e3", "1.5", " 1", "9223372036854775807", "9007199254740993", "0x10"])("refuses %j", (text) => {
    expect(() => readDecimal(text, "size")).toThrow(TarError);
  });
});
