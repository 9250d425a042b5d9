import { expect, test } from "vitest";
import { Harness } from "../../testing/harness.ts";

const ooms = (harness: Harness, id: string): string[] =>
  harness.events.actions(id).filter((action) => action === "oom" || action === "die");

test("a child that is killed marks the running container, and is told once", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.oomListeners.get(id)?.(1);
  await expect.poll(() => harness.service.find(id).state).toMatchObject({ status: "running", oomKills: 1 });
  harness.runtime.oomListeners.get(id)?.(1);
  harness.runtime.oomListeners.get(id)?.(3);
  await expect.poll(() => ooms(harness, id)).toEqual(["oom", "oom"]);
  await harness.service.pause(id);
  await harness.service.unpause(id);
  harness.runtime.finish(id, 0, { oomKilled: true, oomKills: 3 });
  await expect.poll(() => harness.service.find(id).state).toMatchObject({ status: "exited", last: { exitCode: 0, oomKilled: true } });
  expect(ooms(harness, id)).toEqual(["oom", "oom", "die"]);
});

test("the kill that ends it is told with its end", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.finish(id, 137, { oomKilled: true, oomKills: 1 });
  harness.runtime.oomListeners.get(id)?.(1);
  await expect.poll(() => ooms(harness, id)).toEqual(["oom", "die"]);
});

test("the mark stays where the counter is gone by the end, and is off with the next start", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.oomListeners.get(id)?.(1);
  await expect.poll(() => ooms(harness, id)).toEqual(["oom"]);
  harness.runtime.finish(id, 137);
  await expect.poll(() => harness.service.find(id).state).toMatchObject({ last: { oomKilled: true } });
  await harness.service.start(id);
  expect(harness.service.find(id).state).not.toHaveProperty("oomKills");
});

test("an end by a signal is none", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.finish(id, 137);
  await expect.poll(() => harness.service.find(id).state).toMatchObject({ last: { exitCode: 137, oomKilled: false } });
  expect(ooms(harness, id)).toEqual(["die"]);
});
