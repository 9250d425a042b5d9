import { expect, test } from "vitest";
import { Harness } from "../testing/harness.ts";

const { signal } = new AbortController();

test("one that does not run has no sample, and is not waited for", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  for (const oneSample of [true, false]) {
    expect(await harness.service.stats("web", { oneSample }, signal)).toEqual({ id, name: "web", sample: undefined, previous: undefined });
  }
  await expect(harness.service.stats("nobody", { oneSample: true }, signal)).rejects.toThrow("No such container: nobody");
  expect(() => harness.service.followStats("nobody", signal)).toThrow("No such container: nobody");
});

test("a sample alone, or with the one of a second before", async () => {
  await using harness = new Harness();
  await harness.run("web");
  const alone = await harness.service.stats("web", { oneSample: true }, signal);
  expect([alone.sample?.usage.cpu.total, alone.previous]).toEqual([1n, undefined]);
  const pair = await harness.service.stats("web", { oneSample: false }, signal);
  expect([pair.previous?.usage.cpu.total, pair.sample?.usage.cpu.total]).toEqual([2n, 3n]);
  expect(pair.sample?.takenAt).toBeGreaterThanOrEqual((pair.previous?.takenAt ?? 0n) + 900_000_000n);
});

test("a stream tells of the end of the run, goes on, and ends with the container", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  const stream = harness.service.followStats("web", signal);
  const first = (await stream.next()).value;
  expect([first?.name, first?.previous]).toEqual(["web", undefined]);
  harness.runtime.finish(id, 0);
  await harness.service.rename("web", "api");
  const second = (await stream.next()).value;
  expect([second?.name, second?.sample, second?.previous]).toEqual(["api", undefined, first?.sample]);
  await harness.service.remove("api", { force: false, volumes: false, link: false });
  expect((await stream.next()).done).toBe(true);
});
