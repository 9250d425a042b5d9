import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { scanJson } from "./scan.ts";

const refused: [name: string, text: string, message: RegExp][] = [
  ["the same key twice", '{"a":1,"b":2,"a":3}', /duplicate key "a"/],
  ["with space before the colon", '{"a" :1,"a"\n:3}', /duplicate key "a"/],
  ["one of them escaped", '{"a":1,"\\u0061":3}', /duplicate key "a"/],
  ["deep inside", '{"x":[{"y":{"a":1,"a":2}}]}', /duplicate key "a"/],
  ["__proto__ twice", '{"__proto__":1,"__proto__":2}', /duplicate key "__proto__"/],
  ["65 levels", `${"[".repeat(65)}${"]".repeat(65)}`, /nested deeper than 64/],
  ["200,000 levels", '{"a":'.repeat(200_000), /nested deeper than 64/],
  ["100,001 keys", `[${Array.from({ length: 100_001 }, () => '{"a":1}').join(",")}]`, /more than 100000 keys/],
];

const accepted: [name: string, text: string][] = [
  ["the same key in two objects", '{"a":{"a":1},"b":[{"a":1},{"a":2}]}'],
  ["a value that equals a key", '{"a":"a","b":"a"}'],
  ["a string that looks like an object", String.raw`{"a":"{\"a\":1,\"a\":2}"}`],
  ["a backslash before the closing quote", String.raw`{"a\\":1,"b":"\\","c":1}`],
  ["keys that differ in case", '{"a":1,"A":2}'],
  ["64 levels", `${"[".repeat(64)}${"]".repeat(64)}`],
  ["what JSON.parse refuses", '{"a":"'],
  ["more closing than opening", "]]]}"],
];

function outcome(text: string): unknown {
  try {
    scanJson(text);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("scanJson", () => {
  test.each(refused)("refuses %s", (_name, text, message) => {
    expect(() => scanJson(text)).toThrow(message);
  });

  test.each(accepted)("lets pass %s", (_name, text) => {
    expect(() => scanJson(text)).not.toThrow();
  });

  test("lets pass whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(scanJson(text)).toBeDefined();
      }),
    );
  });

  test("ends on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "\\", ":", "{", "}", "[", "]", " ", "a") }), (text) => {
        expect(outcome(text)).toSatisfy((error) => error === undefined || error instanceof EngineError);
      }),
    );
  });

  test("is linear in a string of backslashes and quotes", () => {
    const started = performance.now();
    scanJson(`"${"\\".repeat(2_000_000)}`);
    scanJson(`"${'\\"'.repeat(1_000_000)}`);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
