import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonText } from "./text.ts";

const poisoned: [poison: string, text: string, key: string][] = [
  [String.raw`{"x":1,"\\":2}`, String.raw`{"x":1,"\n":2}`, "\n"],
  [String.raw`{"h":[],"\\":0}`, String.raw`{"h":1,"\"":2}`, '"'],
  [String.raw`{"x":1,"\\u0061":2}`, String.raw`{"x":1,"\u0061bcdef":2}`, "abcdef"],
];

describe("parseJsonText", () => {
  test.each(poisoned)("is not confused by %s before %s", (poison, text, key) => {
    parseJsonText(poison);
    expect(Object.keys(parseJsonText(text) as object)[1]).toBe(key);
  });

  test("reads what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(JSON.stringify(parseJsonText(text), undefined, indent)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("__proto__ is an own property on the slow way, too", () => {
    const value = parseJsonText(String.raw`{"a\n":1,"__proto__":{"x":1}}`) as Record<string, unknown>;
    expect([Object.keys(value), Object.getPrototypeOf(value) === Object.prototype]).toEqual([["a\n", "__proto__"], true]);
  });

  test.each(["", "{", '{"a\\n":1', '{"a\\n":1}}', '{"\\x":1}', "[1,]"])("refuses %j", (text) => {
    expect(() => parseJsonText(text)).toThrow(SyntaxError);
  });
});
