import { expect, it } from "vitest";
import { csvFields } from "./csv.ts";

it.each([
  ["", [""]],
  ["a=b,c", ["a=b", "c"]],
  ['a=b,"c=d,e ""f"""', ["a=b", 'c=d,e "f"']],
  ['""', [""]],
  ["a,,b,", ["a", "", "b", ""]],
])("divides %s", (line, fields) => {
  expect(csvFields(line)).toEqual(fields);
});

it.each(['a"b', '"a', '"a"b', 'a,"b" '])("does not read %s", (line) => {
  expect(csvFields(line)).toBeUndefined();
});
