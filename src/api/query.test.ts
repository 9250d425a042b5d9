import { expect, test } from "vitest";
import { booleanOf, integerOf, terminalSizeOf } from "./query.ts";

test.each([
  ["x=1", true],
  ["x=true", true],
  ["x=True", true],
  ["x=maybe", true],
  ["x=", false],
  ["x", false],
  ["x=0", false],
  ["x=False", false],
  ["x=no", false],
  ["x=none", false],
  ["", false],
])("the boolean of %j is %s", (search, expected) => {
  expect(booleanOf(new URLSearchParams(search), "x")).toBe(expected);
});

test("a boolean that is absent may be true", () => {
  expect(booleanOf(new URLSearchParams(), "x", true)).toBe(true);
  expect(booleanOf(new URLSearchParams("x="), "x", true)).toBe(false);
});

test("integers", () => {
  const of = (search: string): number | undefined => integerOf(new URLSearchParams(search), "x");
  expect([of("x=5"), of("x=-1"), of("x=%2B3"), of("x="), of("")]).toEqual([5, -1, 3, undefined, undefined]);
  for (const wrong of ["x=a", "x=1.5", "x=1e3", "x=0x1", "x=99999999999999999", "x=1 "]) expect(() => of(wrong)).toThrow("invalid syntax");
});

test("the size of a terminal", () => {
  expect(terminalSizeOf(new URLSearchParams("h=24&w=80"))).toEqual({ rows: 24, columns: 80 });
  const size = (search: string) => () => terminalSizeOf(new URLSearchParams(search));
  expect(size("h=x&w=1")).toThrow('invalid resize height "x": invalid syntax');
  expect(size("h=1")).toThrow('invalid resize width "": invalid syntax');
  expect(size("h=70000&w=1")).toThrow('invalid resize height "70000": value out of range');
});
