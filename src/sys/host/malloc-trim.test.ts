import { expect, test } from "vitest";
import { trimMemory } from "./malloc-trim.ts";

test("can be called any number of times", async () => {
  await trimMemory();
  await expect(trimMemory()).resolves.toBeUndefined();
});
