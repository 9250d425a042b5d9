import { describe, expect, it } from "vitest";
import { formatList } from "./list.ts";
import { binarySize, decimalSize, ellipsis, humanDuration } from "./units.ts";
import { printable } from "./printable.ts";

describe("sizes and times", () => {
  it.each([
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [2_128_896, "2.13MB"],
    [123_456_789, "123MB"],
    [1_240_000_000, "1.24GB"],
  ])("%i bytes are %s", (bytes, text) => expect(decimalSize(bytes)).toBe(text));

  it.each([
    [1024, "1KiB"],
    [2_087_378_944, "1.944GiB"],
  ])("%i bytes of memory are %s", (bytes, text) => expect(binarySize(bytes)).toBe(text));

  it.each([
    [0.4, "Less than a second"],
    [1, "1 second"],
    [59, "59 seconds"],
    [61, "About a minute"],
    [600, "10 minutes"],
    [3700, "About an hour"],
    [7200, "2 hours"],
    [3 * 86_400, "3 days"],
    [21 * 86_400, "3 weeks"],
    [100 * 86_400, "3 months"],
    [800 * 86_400, "2 years"],
  ])("%i seconds are %s", (seconds, text) => expect(humanDuration(seconds)).toBe(text));

  it("long text and control characters do no harm", () => {
    expect(ellipsis("abcdef", 4)).toBe("abc…");
    expect(printable("a\u001b[31mb\n")).toBe("a\\u001b[31mb\\u000a");
  });
});

describe("a list", () => {
  const format = {
    columns: [
      { name: "ID", title: "CONTAINER ID", show: (row: { id: string }) => row.id },
      { name: "Names", title: "NAMES", show: () => "web" },
    ],
    shown: ["ID", "Names"],
  };
  const rows = [{ id: "a" }, { id: "bcd" }];

  it.each([
    [undefined, "CONTAINER ID   NAMES\na              web\nbcd            web\n"],
    ["table {{.Names}}\\t{{.ID}}", "NAMES     CONTAINER ID\nweb       a\nweb       bcd\n"],
    ["json", '{"ID":"a","Names":"web"}\n{"ID":"bcd","Names":"web"}\n'],
    ["{{.ID}}:{{.Names}}", "a:web\nbcd:web\n"],
    ["{{json .}}", '{"ID":"a","Names":"web"}\n{"ID":"bcd","Names":"web"}\n'],
  ])("as %s", (asked, expected) => expect(formatList(asked, format, rows)).toBe(expected));
});
