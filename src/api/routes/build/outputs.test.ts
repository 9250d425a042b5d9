import { expect, it } from "vitest";
import { parseOutputs } from "./outputs.ts";

const text = (Type: unknown, Attrs?: unknown): string => JSON.stringify([{ Type, Attrs }]);

it.each([
  ["", [{ kind: "image", names: [] }]],
  ["[]", [{ kind: "image", names: [] }]],
  ["null", [{ kind: "image", names: [] }]],
  [text("moby", { type: "image" }), [{ kind: "image", names: [] }]],
  [text("tar"), [{ kind: "files", index: 0 }]],
  [text("local", {}), [{ kind: "files", index: 0 }]],
  [text("oci", { tar: "false" }), [{ kind: "archive", form: "oci", index: 0, names: [] }]],
])("reads %s", (given, outputs) => {
  expect(parseOutputs(given)).toEqual(outputs);
});

it("reads names", () => {
  const [output] = parseOutputs(text("image", { name: "a/b:1,c" }));
  expect(output).toMatchObject({
    names: [
      { path: "a/b", tag: "1" },
      { path: "library/c", tag: "latest" },
    ],
  });
});

it.each([
  ["{", "it is not JSON"],
  ["{}", "want a list of objects"],
  ["[1]", "want objects with a Type"],
  [text("image", ["a"]), "want objects with a Type"],
  [text("image", { push: true }), "want objects with a Type"],
  [text("image", { push: "true" }), "image with push=true is not implemented by Dhow"],
  [text("moby", { compression: "zstd" }), "moby with compression=zstd is not implemented by Dhow"],
  [text("image", { sheen: "high" }), 'image has no attribute "sheen"'],
  [text("floppy"), 'there is no type "floppy"'],
])("refuses %s", (given, message) => {
  expect(() => parseOutputs(given)).toThrow(message);
});
