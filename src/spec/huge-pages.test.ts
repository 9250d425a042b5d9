import { expect, test } from "vitest";
import { hugePageLimitsOf } from "./huge-pages.ts";

test("labels name sizes of pages, and bytes", () => {
  expect(hugePageLimitsOf(undefined)).toEqual([]);
  expect(hugePageLimitsOf({ a: "b", "dhow.hugepages.2MB": "64m", "dhow.hugepages.1GB": "0" })).toEqual([
    { pageSize: "2MB", limit: 67_108_864 },
    { pageSize: "1GB", limit: 0 },
  ]);
});

test.each([
  [{ "dhow.hugepages.": "1m" }, "label dhow.hugepages.: want the size of a page"],
  [{ "dhow.hugepages.2mb": "1m" }, "want the size of a page"],
  [{ "dhow.hugepages.2MB/../x": "1m" }, "want the size of a page"],
  [{ "dhow.hugepages.2MB": "lots" }, 'label dhow.hugepages.2MB: "lots" is no size'],
  [{ "dhow.hugepages.2MB": "-1" }, "is no size"],
])("%j is refused", (labels, message) => {
  expect(() => hugePageLimitsOf(labels)).toThrow(message);
});
