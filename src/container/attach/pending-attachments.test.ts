import { expect, test } from "vitest";
import { PendingAttachments } from "./pending-attachments.ts";
import { FakePipe } from "../testing/fake-pipe.ts";

test("each who waits gets a connection of its own, once", async () => {
  const pending = new PendingAttachments();
  const waiting = [pending.add("a"), pending.add("a")];
  const pipes: FakePipe[] = [];
  const attach = (): Promise<FakePipe> => {
    const pipe = new FakePipe();
    pipes.push(pipe);
    return Promise.resolve(pipe);
  };
  await pending.connect("a", attach);
  await pending.connect("a", attach);
  expect(await Promise.all(waiting.map(({ streams }) => streams))).toEqual(pipes);
  expect(pipes).toHaveLength(2);
});

test("one that has left is not connected", async () => {
  const pending = new PendingAttachments();
  const attachment = pending.add("a");
  pending.drop("a", attachment);
  let calls = 0;
  await pending.connect("a", () => Promise.resolve(new FakePipe()).finally(() => (calls += 1)));
  expect(calls).toBe(0);
  await expect(attachment.streams).resolves.toBeUndefined();
});

test("one that leaves while it is being connected has its connection closed", async () => {
  const pending = new PendingAttachments();
  const attachment = pending.add("a");
  const pipe = new FakePipe();
  const gate = Promise.withResolvers<FakePipe>();
  const connected = pending.connect("a", async () => await gate.promise);
  pending.drop("a", attachment);
  gate.resolve(pipe);
  await connected;
  expect(pipe.closed).toBe(true);
});

test("when a connection fails nobody is left waiting", async () => {
  const pending = new PendingAttachments();
  const waiting = [pending.add("a"), pending.add("a")];
  await expect(pending.connect("a", () => Promise.reject(new Error("no monitor")))).rejects.toThrow("no monitor");
  await expect(Promise.all(waiting.map(({ streams }) => streams))).resolves.toEqual([undefined, undefined]);
});

test("the end of hope", async () => {
  const pending = new PendingAttachments();
  const [mine, other] = [pending.add("a"), pending.add("b")];
  pending.end("a");
  await expect(mine.streams).resolves.toBeUndefined();
  const early = await Promise.race([other.streams, Promise.resolve("still waiting")]);
  expect(early).toBe("still waiting");
});
