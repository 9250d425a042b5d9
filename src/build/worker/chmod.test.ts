import { expect, it } from "vitest";
import { chmodded } from "./chmod.ts";

it.each([
  [0o644, false, "u=rwX,go=rX", 0o644],
  [0o755, false, "u=rwX,go=rX", 0o755],
  [0o600, true, "u=rwX,go=rX", 0o755],
  [0o644, false, "+x", 0o755],
  [0o777, false, "go-w", 0o755],
  [0o644, false, "u+s,g+s", 0o6644],
  [0o1777, true, "o=", 0o1770],
  [0o644, true, "+t", 0o1644],
])("%o (folder: %s) with %s is %o", (mode, isFolder, text, expected) => {
  expect(chmodded(mode, isFolder, { form: "symbolic", text })).toBe(expected);
});

it("takes numbers as they are, and refuses what is none of it", () => {
  expect(chmodded(0o644, false, { form: "octal", mode: 0o4755 })).toBe(0o4755);
  expect(() => chmodded(0o644, false, { form: "symbolic", text: "u=q" })).toThrow("invalid chmod parameter: 'u=q'");
});
