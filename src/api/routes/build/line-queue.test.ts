import { expect, it } from "vitest";
import { LineQueue } from "./line-queue.ts";

it("gives what was pushed, in order, and what ended it", async () => {
  const queue = new LineQueue();
  queue.push({ stream: "a" });
  queue.push({ aux: { ID: "x" } });
  queue.end(new Error("broken"));
  queue.push({ stream: "late" });
  const seen: unknown[] = [];
  await expect(async () => {
    for await (const message of queue) seen.push(message);
  }).rejects.toThrow("broken");
  expect(seen).toEqual([{ stream: "a" }, { aux: { ID: "x" } }]);
});

it("makes a command wait for a client that does not read, until that reads or leaves", async () => {
  const queue = new LineQueue();
  await queue.room();
  queue.push({ stream: "x".repeat(300_000) });
  let went = false;
  const waiting = queue.room().then(() => (went = true));
  await Promise.resolve();
  expect(went).toBe(false);
  const iterator = queue[Symbol.asyncIterator]();
  await iterator.next();
  queue.push({ stream: "next" });
  await iterator.next();
  await waiting;
  queue.push({ stream: "x".repeat(300_000) });
  const again = queue.room();
  queue.close();
  await again;
});
