import fc from "fast-check";
import { expect, test } from "vitest";
import { linearPattern } from "./linear-pattern.ts";

const TEXTS = ["", "a", "ab", "web-1", "web-12", "WEB", "/web-1", "aaa", "a.b", "a-b", "x\ny", "b]", "grüße", "é"];

test.each([
  "",
  "web",
  "^web",
  "1$",
  "^/?web-[0-9]+$",
  "a|b",
  "^(a|ab)$",
  "^(?:a|b)*$",
  "a{3}",
  "a{2,}",
  "a{1,2}$",
  "^.$",
  "a.b",
  "a\\.b",
  "[^a-z]",
  "[a-]",
  "[\\d-]",
  "\\d\\d",
  "\\W",
  "\\bb",
  "\\Bb",
  "x\\ny",
  "(a*)*b",
  "a??b",
  "(|a)+$",
  "é",
])("%s matches as JavaScript's does", (pattern) => {
  const matches = linearPattern(pattern);
  for (const text of TEXTS) expect([text, matches?.(text)]).toEqual([text, new RegExp(pattern, "u").test(text)]);
});

test("a bracket that comes first in a set is one of it, as in Go", () => {
  expect(TEXTS.filter((text) => linearPattern("^[]b]+$")?.(text))).toEqual(["b]"]);
});

test("(?i) does not look at case", () => {
  expect(TEXTS.filter((text) => linearPattern("(?i)^WeB$|[X-Z]")?.(text))).toEqual(["WEB", "x\ny"]);
});

test.each([
  "(",
  ")",
  "[",
  "[b-a]",
  "*",
  "a**b(",
  "(?<n>a)",
  "(?=a)",
  "\\",
  "\\q",
  "a{2,1}",
  "a{1001}",
  "((a{100}){100}){100}",
  "x".repeat(1001),
])("%j is no pattern here", (pattern) => {
  expect(linearPattern(pattern)).toBeUndefined();
});

test("any pattern either is none, or matches as JavaScript's does", () => {
  const piece = fc.constantFrom("a", "b", ".", "^", "$", "(", ")", "|", "*", "+", "?", "[ab]", "[^a]", "{2}", "\\d", "\\b", "1");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.constantFrom("a", "b", "1", "-"), { maxLength: 8 }), (pieces, letters) => {
      const [pattern, text] = [pieces.join(""), letters.join("")];
      const matches = linearPattern(pattern);
      if (matches === undefined) return;
      let reference: RegExp;
      try {
        reference = new RegExp(pattern);
      } catch {
        return; // JavaScript does not repeat an anchor, Go does.
      }
      expect(matches(text)).toBe(reference.test(text));
    }),
    { numRuns: 3000 },
  );
});

test("what backtracks elsewhere is answered at once", () => {
  const started = performance.now();
  expect(linearPattern("(a+)+$")?.(`${"a".repeat(5000)}!`)).toBe(false);
  expect(linearPattern("(a|a)*(a|a)*(a|a)*b")?.("a".repeat(5000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(20_000);
});
