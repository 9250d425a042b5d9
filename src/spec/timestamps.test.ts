import { expect, test } from "vitest";
import { formatTimestamp, parseTimestamp } from "./timestamps.ts";

const now = 1_700_000_000_000_000_000n;

test.each<[string, bigint]>([
  ["0", 0n],
  ["1700000000", now],
  ["1700000000.5", 1_700_000_000_500_000_000n],
  ["1700000000.000000001", 1_700_000_000_000_000_001n],
  ["1700000000.0000000019", 1_700_000_000_000_000_001n],
  ["-1", -1_000_000_000n],
  ["2023-11-14T22:13:20Z", now],
  ["2023-11-14T22:13:20.000000007Z", now + 7n],
  ["2023-11-14T23:13:20+01:00", now],
  ["2023-11-14T22:13:20", now],
  ["2023-11-14T22:13", now - 20_000_000_000n],
  ["2023-11-14T22", now - 800_000_000_000n],
  ["2023-11-14", 1_699_920_000_000_000_000n],
  ["10m", now - 600_000_000_000n],
  ["1h30m", now - 5_400_000_000_000n],
  ["-5s", now + 5_000_000_000n],
])("%s", (text, nanoseconds) => {
  expect(parseTimestamp(text, now)).toBe(nanoseconds);
});

test.each([null, undefined, ""])("%j is no timestamp at all", (text) => {
  expect(parseTimestamp(text, now)).toBeUndefined();
});

test.each(["abc", "1e3", "1.", "2023-13-01", "2023-11-14T25:00:00Z", "12345678901234567890", "now", "10 minutes", "0x10"])(
  "refuses %s",
  (text) => {
    expect(() => parseTimestamp(text, now)).toThrow("invalid timestamp");
  },
);

test.each<[bigint, string]>([
  [0n, "1970-01-01T00:00:00.000000000Z"],
  [now + 6n, "2023-11-14T22:13:20.000000006Z"],
])("formats %s", (nanoseconds, text) => {
  expect(formatTimestamp(nanoseconds)).toBe(text);
});
