import { expect, test } from "vitest";
import { parseStrictJson } from "./strict-json.ts";

test.each([
  '{"a":1,"b":[{"a":1},{"a":2}],"c":{"a":{"a":null}}}',
  ' { "a" : "b: \\"a\\": 1, {", "b" : "}" } ',
  "[1, 2.5e3, true, null]",
  '"a"',
  '{"":1," ":2}',
])("takes %s", (text) => {
  expect(parseStrictJson(text)).toEqual(JSON.parse(text));
});

test.each([
  ['{"a":1,"a":1}', 'the key "a" is given twice'],
  ['{"a":1,"\\u0061":2}', 'the key "a" is given twice'],
  ['{"x":[{"b":{},"c":0,"b":{}}]}', 'the key "b" is given twice'],
  ['{"__proto__":1,"__proto__":2}', 'the key "__proto__" is given twice'],
  ["{", "JSON"],
  ["", "JSON"],
  ['{"a":1}x', "JSON"],
])("refuses %s", (text, message) => {
  expect(() => parseStrictJson(text)).toThrow(message);
});
