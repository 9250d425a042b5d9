import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each<[string, bigint | undefined]>([
  ["0", 0n],
  ["10ms", 10_000_000n],
  ["1h30m", 5_400_000_000_000n],
  ["1.5h", 5_400_000_000_000n],
  [".5s", 500_000_000n],
  ["1.s", 1_000_000_000n],
  ["-2s", -2_000_000_000n],
  ["3µs", 3_000n],
  ["3μs", 3_000n],
  ["1ns", 1n],
  ["", undefined],
  ["5", undefined],
  ["s", undefined],
  [".s", undefined],
  ["5d", undefined],
  ["1h 2m", undefined],
  ["1".repeat(40) + "s", undefined],
])("%j is %s", (text, nanoseconds) => {
  expect(parseDuration(text)).toBe(nanoseconds);
});
