import { expect, it } from "vitest";
import { customHeaders } from "./headers.ts";

it.each<[string | undefined, object]>([
  [undefined, { "X-Mine": "file" }],
  ["", { "X-Mine": "file" }],
  ["A=1", { A: "1" }],
  ["A=1,B=x=y", { A: "1", B: "x=y" }],
  ['"A=1,2",B=', { A: "1,2", B: "" }],
  ['"A=say ""x"""', { A: 'say "x"' }],
])("DOCKER_CUSTOM_HEADERS %s", (variable, expected) => {
  expect(customHeaders({ HttpHeaders: { "X-Mine": "file" } }, variable)).toEqual(expected);
});

it.each(["A", "=x", "A=1,"])("%j is none", (variable) => {
  expect(() => customHeaders({}, variable)).toThrow("DOCKER_CUSTOM_HEADERS");
});
