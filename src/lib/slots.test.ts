import { expect, it } from "vitest";
import { Slots } from "./slots.ts";

it("runs so many at a time, in the order of asking, and lets who waits go away", async () => {
  const slots = new Slots(2, () => new Error("context canceled"));
  const started: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const controllers = gates.map(() => new AbortController());
  const runs = gates.map((gate, index) =>
    slots.run(controllers[index]?.signal ?? AbortSignal.abort(), () => {
      started.push(index);
      return gate.promise;
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(started).toEqual([0, 1]);
  controllers[2]?.abort();
  await expect(runs[2]).rejects.toThrow("context canceled");
  gates[1]?.resolve();
  await runs[1];
  await expect.poll(() => started).toEqual([0, 1, 3]);
  for (const gate of gates) gate.resolve();
  await Promise.all([runs[0], runs[3], runs[4]]);
  expect(started).toEqual([0, 1, 3, 4]);
});
