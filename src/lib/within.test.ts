import { expect, it } from "vitest";
import { settlesWithin } from "./within.ts";

const rejected = (): Promise<never> => {
  const promise = Promise.reject(new Error("no"));
  promise.catch(() => {});
  return promise;
};

it.each([
  ["resolves in time", Promise.resolve(), 1000, true],
  ["rejects in time", rejected(), 1000, true],
  ["never settles", new Promise(() => {}), 5, false],
] as const)("a promise that %s", async (_, promise, ms, expected) => {
  expect(await settlesWithin(promise, ms)).toBe(expected);
});
