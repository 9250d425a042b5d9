import { expect, test } from "vitest";
import { silentLogger, type Logger } from "#lib/logger.ts";
import { BackgroundQueue } from "./background-queue.ts";

function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

test("work of one container goes in order, that of others beside it", async () => {
  const queue = new BackgroundQueue({ logger: silentLogger });
  const slow = gate();
  const done: string[] = [];
  queue.add("a", "first", async () => await slow.passed.then(() => done.push("a1")));
  queue.add("a", "second", async () => done.push("a2"));
  queue.add("b", "other", async () => done.push("b1"));
  await queue.idle("b");
  expect(done).toEqual(["b1"]);
  slow.open();
  await queue.idle("a");
  expect(done).toEqual(["b1", "a1", "a2"]);
});

test("what fails is logged with its name, and does not hold up the rest", async () => {
  const logged: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (context, message) => void logged.push([context, message]) };
  const queue = new BackgroundQueue({ logger });
  const error = new Error("busy");
  const done: string[] = [];
  queue.add("a", "unmounting", () => Promise.reject(error));
  queue.add("a", "next", async () => done.push("next"));
  await queue.drain();
  expect(logged).toEqual([[{ container: "a", error }, "unmounting failed"]]);
  expect(done).toEqual(["next"]);
});

test("draining waits for what is added meanwhile too", async () => {
  const queue = new BackgroundQueue({ logger: silentLogger });
  const done: string[] = [];
  queue.add("a", "first", async () => {
    await Promise.resolve();
    queue.add("b", "second", async () => done.push("second"));
  });
  await queue.drain();
  expect(done).toEqual(["second"]);
});

test("nothing to wait for is no wait", async () => {
  const queue = new BackgroundQueue({ logger: silentLogger });
  await expect(queue.idle("nobody")).resolves.toBeUndefined();
  await expect(queue.drain()).resolves.toBeUndefined();
});
