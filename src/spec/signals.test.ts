import { expect, test } from "vitest";
import { parseSignal } from "./signals.ts";

test.each([
  ["TERM", 15],
  ["SIGTERM", 15],
  ["sigterm", 15],
  ["kill", 9],
  ["HUP", 1],
  ["9", 9],
  ["USR1", 10],
  ["RTMIN", 34],
  ["RTMIN+3", 37],
  ["SIGRTMAX-1", 63],
  ["64", 64],
])("%s is %d", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each([
  ["BOGUS", "invalid signal: BOGUS"],
  ["", "invalid signal: "],
  ["0", "invalid signal: 0"],
  ["-9", "invalid signal: -9"],
  ["99", "the linux daemon does not support signal 99"],
  ["RTMIN+31", "invalid signal: RTMIN+31"],
  ["RTMIN-1", "invalid signal: RTMIN-1"],
  ["9 ", "invalid signal: 9 "],
  ["constructor", "invalid signal: constructor"],
])("%j is refused", (text, message) => {
  expect(() => parseSignal(text)).toThrow(message);
});
