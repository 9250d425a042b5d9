import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { KeyedMutex } from "./keyed-mutex.ts";

test("one key: in order, never two at a time, also after a failure", async () => {
  const mutex = new KeyedMutex();
  const seen: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      seen.push(`${name}+`);
      await setImmediate();
      seen.push(`${name}-`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([mutex.run("x", work("a")), mutex.run("x", work("b", true)), mutex.run("x", work("c"))]);
  expect(seen).toEqual(["a+", "a-", "b+", "b-", "c+", "c-"]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(mutex.size).toBe(0);
});

test("other keys do not wait", async () => {
  const mutex = new KeyedMutex();
  const gate = Promise.withResolvers<void>();
  const held = mutex.run("x", () => gate.promise);
  await expect(mutex.run("y", () => "through")).resolves.toBe("through");
  expect(mutex.size).toBe(1);
  gate.resolve();
  await held;
  expect(mutex.size).toBe(0);
});
