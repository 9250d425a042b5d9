import { describe, expect, it } from "vitest";
import { readPaxRecords, readPaxTime } from "./pax.ts";

describe("records of an extended header", () => {
  it("reads them, with any bytes in a value", () => {
    const body = Buffer.from("12 path=a/b\n17 user.x=1=2\n\xff \n11 empty=y\n", "latin1");
    expect([...readPaxRecords(body)]).toEqual([
      ["path", "a/b"],
      ["user.x", "1=2\n\xff "],
      ["empty", "y"],
    ]);
  });

  it("takes the last of two, and none", () => {
    expect(readPaxRecords(Buffer.from("9 path=a\n9 path=b\n")).get("path")).toBe("b");
    expect(readPaxRecords(Buffer.alloc(0)).size).toBe(0);
    expect(readPaxRecords(Buffer.from("8 empty=\n".replace("8", "9"))).get("empty")).toBe("");
  });

  it.each([
    ["too long a length", "99 path=a\n"],
    ["too short a length", "3 path=a\n"],
    ["no length", "path=a\n"],
    ["a negative length", "-9 path=a\n"],
    ["no newline", "9 path=ab"],
    ["no equals sign", "7 path\n"],
    ["an empty key", "5 =a\n"],
    ["a huge length", "99999999999999999999 path=a\n"],
    ["zero", "0 a=b\n"],
    ["nothing but zeros", "\0\0\0\0"],
  ])("refuses %s", (_, body) => {
    expect(() => readPaxRecords(Buffer.from(body))).toThrow("invalid record");
  });
});

describe("times", () => {
  it.each([
    ["1700000000", 1_700_000_000, 0],
    ["1700000000.", 1_700_000_000, 0],
    ["1700000000.5", 1_700_000_000, 500_000_000],
    ["1700000000.1234567899", 1_700_000_000, 123_456_789],
    ["0.000000001", 0, 1],
    ["-1", -1, 0],
    ["-1.25", -2, 750_000_000],
    ["-99999999999999", -99_999_999_999_999, 0],
  ])("%s", (text, seconds, nanoseconds) => {
    expect(readPaxTime(text)).toEqual({ seconds, nanoseconds });
  });

  it.each(["", "1e300", ".5", "1.2.3", "+1", "now", "9".repeat(16)])("refuses %j", (text) => {
    expect(() => readPaxTime(text)).toThrow("invalid time");
  });
});
