import { expect, test } from "vitest";
import { BoundedQueue } from "./bounded-queue.ts";

test("gives values in order, those that come while it waits too, and ends after close", async () => {
  const queue = new BoundedQueue<number>(10);
  queue.push(1);
  queue.push(2);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const value of queue) seen.push(value);
  })();
  setImmediate(() => {
    queue.push(3);
    queue.close();
    queue.push(4);
  });
  await reading;
  expect(seen).toEqual([1, 2, 3]);
});

test("the oldest give way when nobody reads", async () => {
  const queue = new BoundedQueue<number>(3);
  expect([1, 2, 3, 4, 5].map((value) => queue.push(value))).toEqual([true, true, true, false, false]);
  queue.close();
  expect(await Array.fromAsync(queue)).toEqual([3, 4, 5]);
});
