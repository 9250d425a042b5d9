import fc from "fast-check";
import { expect, test } from "vitest";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";

test.each([
  ["", [16, 17]],
  ["ctrl-p,ctrl-q", [16, 17]],
  ["a,ctrl-\\", [97, 28]],
  ["ctrl-@", [0]],
  ["ctrl-[,ctrl-],ctrl-^,ctrl-_", [27, 29, 30, 31]],
  ["CTRL-A", [1]],
  ["DEL", [127]],
])("%j are the bytes %j", (text, bytes) => {
  expect([...parseDetachKeys(text)]).toEqual(bytes);
});

test.each(["bogus", "ctrl-", "ctrl-1", "a,,b", "ctrl-aa", "a,"])("%j are no keys", (text) => {
  expect(() => parseDetachKeys(text)).toThrow(`Invalid detach keys (${text}) provided`);
});

function typed(keys: string, ...chunks: string[]): { passed: string; detached: boolean } {
  const filter = new DetachFilter(parseDetachKeys(keys));
  let passed = "";
  for (const chunk of chunks) {
    const result = filter.push(Buffer.from(chunk));
    passed += Buffer.from(result.data).toString();
    if (result.detached) return { passed, detached: true };
  }
  return { passed, detached: false };
}

test.each([
  ["a,b", ["xaby"], "x", true],
  ["a,b", ["x", "a", "b"], "x", true],
  ["a,b", ["xa"], "x", false],
  ["a,b", ["xa", "c"], "xac", false],
  ["a,b", ["aab"], "a", true],
  ["a,a,b", ["aaab"], "a", true],
  ["a,b,a,c", ["ababac"], "ab", true],
  ["a,b,a,c", ["aba", "bac"], "ab", true],
  ["x", ["abc"], "abc", false],
])("keys %s in %j: %j passes, detached %s", (keys, chunks, passed, detached) => {
  expect(typed(keys, ...chunks)).toEqual({ passed, detached });
});

test("however the input is cut, what passes is the same", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
  const keys = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(text, keys, fc.integer({ min: 1, max: 5 }), (input, sequence, size) => {
      const pieces = input.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];
      const at = input.indexOf(sequence.join(""));
      const result = typed(sequence.join(","), ...pieces);
      expect(result.detached).toBe(at >= 0);
      if (at >= 0) expect(result.passed).toBe(input.slice(0, at));
      else expect(input.startsWith(result.passed)).toBe(true);
    }),
  );
});
