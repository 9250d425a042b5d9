import { expect, test } from "vitest";
import { parseMemory } from "./units.ts";

test.each<[string, number | undefined]>([
  ["0", 0],
  ["1024", 1024],
  ["64m", 67_108_864],
  ["64M", 67_108_864],
  ["64MiB", 67_108_864],
  ["1.5g", 1_610_612_736],
  ["12 kB", 12_288],
  ["7b", 7],
  ["", undefined],
  ["m", undefined],
  ["-1", undefined],
  ["1e3", undefined],
  ["1x", undefined],
  ["9999999p", undefined],
])("%j is %s bytes", (text, bytes) => {
  expect(parseMemory(text)).toBe(bytes);
});
