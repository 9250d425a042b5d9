import fc from "fast-check";
import { expect, it } from "vitest";
import { parseChallenges } from "./challenge.ts";

const parse = (header: string | undefined): unknown =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

it.each<[string | undefined, unknown[]]>([
  [undefined, []],
  ["", []],
  ['Basic realm="r"', [["basic", { realm: "r" }]]],
  [
    'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
    [["bearer", { realm: "https://a/t", service: "s", scope: "repository:x:pull,push" }]],
  ],
  ["Bearer realm = token , service=s", [["bearer", { realm: "token", service: "s" }]]],
  [
    'Basic realm="a, b", Bearer realm="c"',
    [
      ["basic", { realm: "a, b" }],
      ["bearer", { realm: "c" }],
    ],
  ],
  ['Bearer realm="a \\"quoted\\" b"', [["bearer", { realm: 'a "quoted" b' }]]],
  [
    "Negotiate, Basic realm=x",
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  ['Bearer realm="never ends', [["bearer", {}]]],
  ["=x", []],
  ["realm=x", []],
  ["Bearer realm=https://unquoted", [["bearer", { realm: "https" }]]],
])("reads %s", (header, expected) => {
  expect(parse(header)).toEqual(expected);
});

it("ends, whatever it is given", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "=", '"', ",", " ", "\\", "é"), maxLength: 200 }),
      (header) => void parseChallenges(header),
    ),
  );
  expect(parseChallenges(`Basic ${"a=b,".repeat(10_000)}`)).toEqual([]);
});
