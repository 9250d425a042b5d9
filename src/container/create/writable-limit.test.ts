import { expect, it } from "vitest";
import { writableLimit } from "./writable-limit.ts";

it.each([
  [undefined, undefined],
  [{}, undefined],
  [{ size: "0" }, undefined],
  [{ size: "120G" }, 120 * 1024 ** 3],
  [{ SIZE: "64m" }, 64 * 1024 ** 2],
])("%j is a limit of %j", (StorageOpt, bytes) => {
  expect(writableLimit({ StorageOpt })).toBe(bytes);
});

it.each([
  [{ inodes: "5" }, "Unknown option inodes"],
  [{ size: "lots" }, "invalid size: 'lots'"],
  [{ size: "-1" }, "invalid size: '-1'"],
])("%j is refused", (StorageOpt, message) => {
  expect(() => writableLimit({ StorageOpt: StorageOpt as unknown as Record<string, string> })).toThrow(message);
});
