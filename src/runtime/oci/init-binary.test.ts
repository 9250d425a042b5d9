import { expect, test } from "vitest";
import { findInit, isStatic } from "./init-binary.ts";

test("static programs are told from dynamic ones, and from what is no program", () => {
  expect(isStatic("/bin/busybox")).toBe(true);
  expect(isStatic(process.execPath)).toBe(false);
  expect(isStatic("/etc/passwd")).toBe(false);
});

test("the first that will do is taken; none is none", () => {
  expect(findInit(undefined, ["/no/such", process.execPath, "/bin/busybox"])).toBe("/bin/busybox");
  expect(findInit(undefined, ["/no/such"])).toBeUndefined();
});

test.each([
  ["busybox", "is not an absolute path"],
  ["/no/such", "cannot be executed"],
  ["/etc/passwd", "cannot be executed"],
  [process.execPath, "is not a static program"],
])("init-path %s %s", (path, fault) => {
  expect(() => findInit(path)).toThrow(`init-path ${path} ${fault}`);
});
