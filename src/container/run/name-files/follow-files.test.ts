import { expect, test } from "vitest";
import { withChangedLines } from "./follow-files.ts";

test.each([
  ["a network comes", "lo\n1 web\n", "lo\n1 web\n", "lo\n1 web\n2 web\n", "lo\n1 web\n2 web\n"],
  ["a network goes", "lo\n1 web\n2 web\n", "lo\n1 web\n2 web\n", "lo\n1 web\n", "lo\n1 web\n"],
  ["somebody added a line", "lo\n1 web\n9 mine\n", "lo\n1 web\n", "lo\n2 web\n", "lo\n9 mine\n2 web\n"],
  ["somebody took our line away", "lo\n", "lo\n1 web\n", "lo\n1 web\n2 web\n", "lo\n2 web\n"],
  ["it is there already", "lo\n2 web\n", "lo\n", "lo\n2 web\n", "lo\n2 web\n"],
  ["the last line has no end", "lo\n9 mine", "lo\n", "lo\n2 web\n", "lo\n9 mine\n2 web\n"],
  ["nothing is left of it", "", "lo\n", "lo\n2 web\n", "2 web\n"],
])("a hosts file when %s", (_, text, before, after, expected) => {
  expect(withChangedLines(text, before, after)).toBe(expected);
});
