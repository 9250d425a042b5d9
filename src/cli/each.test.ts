import { expect, it } from "vitest";
import { ApiError } from "#client/api-error.ts";
import { doEach } from "./each.ts";
import { testStreams } from "./testing.ts";

const missing = new ApiError(404, "No such container: b");
const work = async (name: string): Promise<void> => {
  if (name === "b") throw missing;
  await new Promise((resolve) => setTimeout(resolve, name === "a" ? 10 : 0));
};

it("does all of it, and tells each in its turn", async () => {
  const streams = testStreams();
  expect(await doEach(streams, ["a", "b", "c"], work)).toBe(1);
  expect(streams.written).toEqual({ output: "a\nc\n", errors: "Error response from daemon: No such container: b\n" });
});

it("may forgive", async () => {
  const streams = testStreams();
  expect(await doEach(streams, ["a", "b"], work, { forgives: (error) => error === missing })).toBe(0);
  expect(streams.written.errors).toContain("No such container");
});

it("does not do all of it at once", async () => {
  let running = 0;
  let most = 0;
  const names = Array.from({ length: 120 }, (_, index) => `c${index}`);
  await doEach(testStreams(), names, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
  });
  expect(most).toBe(50);
});
