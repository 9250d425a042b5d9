import { expect, test } from "vitest";
import { encodeFilters, encodeName, encodeQuery } from "./query.ts";

test.each([
  [{}, ""],
  [{ a: undefined }, ""],
  [{ a: "b c", n: 0, yes: true, no: false, many: ["x", "y"] }, "?a=b+c&n=0&yes=1&no=0&many=x&many=y"],
])("the query %j", (query, encoded) => {
  expect(encodeQuery(query)).toBe(encoded);
});

test("filters are JSON, and nothing when there are none", () => {
  expect([encodeFilters(undefined), encodeFilters({}), encodeFilters({ label: ["a=b"] })]).toEqual([
    undefined,
    undefined,
    '{"label":["a=b"]}',
  ]);
});

test("names keep their slashes alone", () => {
  expect(encodeName("reg:5000/a b/c@sha256:1?x#y")).toBe("reg%3A5000/a%20b/c%40sha256%3A1%3Fx%23y");
});
