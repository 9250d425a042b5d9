import { expect, it } from "vitest";
import { meaningOf } from "./whiteout.ts";

it.each([
  ["a/b", { kind: "content" }],
  ["a.wh.b", { kind: "content" }],
  [".whx", { kind: "content" }],
  [".wh.f", { kind: "deleted", path: "f" }],
  ["a/.wh.f", { kind: "deleted", path: "a/f" }],
  ["a/.wh..hidden", { kind: "deleted", path: "a/.hidden" }],
  ["a/.wh....", { kind: "deleted", path: "a/..." }],
  [".wh..wh..opq", { kind: "emptied", folder: "." }],
  ["a/b/.wh..wh..opq", { kind: "emptied", folder: "a/b" }],
  [".wh..wh.aufs", { kind: "skipped" }],
  [".wh..wh.orph/x", { kind: "skipped" }],
  ["a/.wh..wh.plnk", { kind: "skipped" }],
  [".wh..wh.plnk/1.2", { kind: "content" }],
  [".wh..wh.plnk", { kind: "content" }],
  [".wh.", { kind: "refused", reason: "a whiteout of no name" }],
  ["x/.wh..", { kind: "refused", reason: "a whiteout of no name" }],
  ["x/.wh...", { kind: "refused", reason: "a whiteout of no name" }],
  ["a/.wh.b/c", { kind: "refused", reason: "a whiteout is not a folder" }],
])("%j means %j", (path, meaning) => {
  expect(meaningOf(path)).toEqual(meaning);
});
