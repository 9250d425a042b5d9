import { expect, test } from "vitest";
import { compareApiVersions, formatApiVersion, parseApiVersion } from "./api-version.ts";

test.each([
  ["1.24", [1, 24]],
  ["1.9", [1, 9]],
  ["v1.24", undefined],
  ["1", undefined],
  ["1.2.3", undefined],
  ["1.99999", undefined],
  ["", undefined],
] as const)("parses %j", (text, version) => {
  expect(parseApiVersion(text)).toEqual(version);
});

test("compares by number, not by text", () => {
  expect(compareApiVersions([1, 9], [1, 24])).toBeLessThan(0);
  expect(compareApiVersions([2, 0], [1, 55])).toBeGreaterThan(0);
  expect(compareApiVersions([1, 41], [1, 41])).toBe(0);
  expect(formatApiVersion([1, 9])).toBe("1.9");
});
