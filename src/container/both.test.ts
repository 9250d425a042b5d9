import { expect, test } from "vitest";
import { both } from "./both.ts";

test("gives both results", async () => {
  await expect(both(Promise.resolve(1), Promise.resolve("b"))).resolves.toEqual([1, "b"]);
});

test.each(["first", "second"])("when the %s fails it waits for the other, then throws", async (failing) => {
  let ended = false;
  const slow = new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() => void (ended = true));
  const failed = Promise.reject(new Error("broken"));
  await expect(failing === "first" ? both(failed, slow) : both(slow, failed)).rejects.toThrow("broken");
  expect(ended).toBe(true);
});

test("when both fail it throws the first's error, and none is left unhandled", async () => {
  await expect(both(Promise.reject(new Error("one")), Promise.reject(new Error("two")))).rejects.toThrow("one");
});
