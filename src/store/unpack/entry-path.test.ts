import { describe, expect, it } from "vitest";
import { clampedPath, cleanPath, inFolder, isTooLong, nameOf, parentOf, ROOT } from "./entry-path.ts";

describe("where an entry belongs", () => {
  it.each([
    ["usr/bin/env", "usr/bin/env"],
    ["./usr/bin/", "usr/bin"],
    ["/etc/passwd", "etc/passwd"],
    ["//etc///passwd", "etc/passwd"],
    ["a/./b/../c", "a/c"],
    ["a/..", ROOT],
    ["./", ROOT],
    [".", ROOT],
    ["", ROOT],
    ["/", ROOT],
    ["..a/b..", "..a/b.."],
    [".hidden/...", ".hidden/..."],
  ])("%j is %j", (path, clean) => {
    expect(cleanPath(path)).toBe(clean);
  });

  it.each(["..", "../x", "a/../../x", "/../x", `${"../".repeat(24)}etc`, "./.."])("%j leads out", (path) => {
    expect(cleanPath(path)).toBeUndefined();
  });
});

it.each([
  ["../../etc", "etc"],
  ["/a/../../b", "b"],
  ["a/../..", ROOT],
  ["usr/./lib", "usr/lib"],
])("a link to %j leads to %j", (path, expected) => {
  expect(clampedPath(path)).toBe(expected);
});

it("takes paths apart and puts them together", () => {
  expect([parentOf("a/b/c"), nameOf("a/b/c"), parentOf("a"), nameOf("a")]).toEqual(["a/b", "c", ROOT, "a"]);
  expect([inFolder(ROOT, "a"), inFolder("a/b", "c")]).toEqual(["a", "a/b/c"]);
  expect([isTooLong("a".repeat(4095)), isTooLong("a".repeat(4096))]).toEqual([false, true]);
});
