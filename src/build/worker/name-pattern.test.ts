import { describe, expect, it } from "vitest";
import { namePattern } from "./name-pattern.ts";

describe("a name pattern", () => {
  it.each([
    ["*.txt", "a.txt", true],
    ["*.txt", ".txt", true],
    ["*.txt", "a.txt2", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["[a-c]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    [String.raw`\*`, "*", true],
    [String.raw`\*`, "x", false],
    ["[]-a]", "]", false],
    ["ä*", "ärger", true],
  ])("%s on %s: %s", (pattern, name, expected) => {
    let found: boolean | string;
    try {
      found = namePattern(pattern)(name);
    } catch {
      found = false;
    }
    expect(found).toBe(expected);
  });

  it("is never slow", () => {
    const started = performance.now();
    expect(namePattern(`${"*a".repeat(50)}b`)("a".repeat(2000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each(["[", "[b-a]", "\\"])("refuses %s", (pattern) => {
    expect(() => namePattern(pattern)).toThrow("syntax error in pattern");
  });
});
