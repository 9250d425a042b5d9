import { existsSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { containerPaths } from "../record/paths.ts";
import { eventually, Harness } from "../testing/harness.ts";

const plain = { force: false, volumes: false, link: false };
const force = { ...plain, force: true };

test("it is gone when the answer comes, and its remains soon after", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { config: { Volumes: { "/data": {} } } });
  harness.runtime.finish(id, 0);
  await eventually(() => harness.status(id) === "exited");
  await harness.service.remove("web", { ...plain, volumes: true });
  expect(() => harness.service.find(id)).toThrow(`No such container: ${id}`);
  expect(harness.volumes.released[0]).toEqual({ id, removeAnonymous: true });
  expect(harness.events.actions(id)).toEqual(["create", "start", "die", "destroy"]);
  await expect(harness.create("web")).resolves.toBeTruthy();
  const { folder, bundle } = containerPaths(harness.options.instance, id);
  await eventually(() => !harness.snapshots.writables.has(id) && !existsSync(folder) && !existsSync(bundle));
});

test("what cannot be removed at once is removed a moment later", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  const removed = vi.spyOn(harness.snapshots, "removeWritable").mockRejectedValueOnce(new Error("device or resource busy"));
  await harness.service.remove(id, plain);
  const { folder } = containerPaths(harness.options.instance, id);
  await eventually(() => !harness.snapshots.writables.has(id) && !existsSync(folder));
  expect(removed).toHaveBeenCalledTimes(2);
});

test("a volume that cannot be removed at once keeps nothing else", async () => {
  await using harness = new Harness();
  const id = await harness.create("web", { config: { Volumes: { "/data": {} } } });
  vi.spyOn(harness.volumes, "release").mockRejectedValueOnce(new Error("no such file or directory"));
  await harness.service.remove(id, { ...plain, volumes: true });
  const { folder } = containerPaths(harness.options.instance, id);
  await eventually(() => !harness.snapshots.writables.has(id) && !existsSync(folder));
  expect(harness.volumes.released).toEqual([{ id, removeAnonymous: true }]);
});

test("without v the volumes stay", async () => {
  await using harness = new Harness();
  const id = await harness.create("web", { config: { Volumes: { "/data": {} } } });
  await harness.service.remove(id, plain);
  await eventually(() => harness.volumes.released.length > 0);
  expect(harness.volumes.released).toEqual([{ id, removeAnonymous: false }]);
});

describe("what is refused", () => {
  test.each([
    ["running", 'cannot remove container "web": container is running: stop the container before removing or force remove'],
    ["paused", 'cannot remove container "web": container is paused and must be unpaused first'],
  ])("one that is %s", async (status, message) => {
    await using harness = new Harness();
    const id = await harness.run("web");
    if (status === "paused") await harness.service.pause(id);
    await expect(harness.service.remove("web", plain)).rejects.toMatchObject({ category: "conflict", message });
    expect(harness.status(id)).toBe(status);
  });

  test("an unknown one, and a link", async () => {
    await using harness = new Harness();
    await expect(harness.service.remove("nosuch", force)).rejects.toMatchObject({ category: "not-found" });
    await harness.create("web");
    await expect(harness.service.remove("web", { ...plain, link: true })).rejects.toThrow("cannot remove the default link name");
  });
});

test("by force: kill, die, destroy; no restart policy steps in", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { RestartPolicy: { Name: "always" } } });
  await harness.service.remove(id, force);
  expect(harness.events.actions(id)).toEqual(["create", "start", "kill", "die", "destroy"]);
  await eventually(() => harness.runtime.runs.size === 0);
  expect(harness.runtime.calls.filter((call) => call.startsWith("create"))).toHaveLength(1);
});

test("two at once: one removes, the other is told that it is in progress", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  const results = await Promise.allSettled([harness.service.remove(id, force), harness.service.remove(id, force)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(results[1]).toMatchObject({ reason: { category: "conflict", message: `removal of container ${id} is already in progress` } });
});

test("a start that comes second finds nothing, or a container that is going", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.ignored.add(9);
  const removal = harness.service.remove(id, force);
  await eventually(() => harness.runtime.calls.includes(`kill ${id} 9`));
  await expect(harness.service.start(id)).rejects.toMatchObject({ message: "container is marked for removal and cannot be started" });
  harness.runtime.finish(id, 137);
  await removal;
  await expect(harness.service.start(id)).rejects.toMatchObject({ category: "not-found" });
});

test("a removal by force that meets a start ends what was started", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  const gate = Promise.withResolvers<void>();
  const letRun = harness.runtime.start.bind(harness.runtime);
  harness.runtime.start = async (started) => await gate.promise.then(async () => await letRun(started));
  const start = harness.service.start(id);
  await eventually(() => harness.runtime.calls.includes(`create ${id}`));
  const removal = harness.service.remove(id, force);
  gate.resolve();
  await start;
  await removal;
  expect(() => harness.service.find(id)).toThrow("No such container");
  await eventually(() => harness.runtime.runs.size === 0 && harness.snapshots.mounted.size === 0);
});

describe("AutoRemove", () => {
  test("die, destroy; then whoever waits for the removal is told", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", { hostConfig: { AutoRemove: true }, config: { Volumes: { "/data": {} } } });
    const { report } = harness.service.wait(id, "removed", new AbortController().signal);
    harness.runtime.finish(id, 7);
    await expect(report).resolves.toEqual({ exitCode: 7 });
    expect(harness.events.actions(id)).toEqual(["create", "start", "die", "destroy"]);
    expect(harness.service.all()).toEqual([]);
    await eventually(() => harness.snapshots.writables.size === 0);
  });

  test("leaves a container that a user restarts", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", { hostConfig: { AutoRemove: true } });
    await harness.service.restart(id, { timeout: undefined, signal: undefined });
    expect(harness.status(id)).toBe("running");
    expect(harness.events.actions(id).slice(2)).toEqual(["kill", "stop", "die", "start", "restart"]);
  });
});

test("prune takes those that do not run, filtered by label and age", async () => {
  await using harness = new Harness();
  await harness.run("running");
  const old = await harness.create("old", { config: { Labels: { keep: "no" } } });
  await harness.create("labelled", { config: { Labels: { keep: "yes" } } });
  const report = await harness.service.prune(new Map([["label!", ["keep=yes"]]]));
  expect(report).toEqual({ removed: [old], reclaimedBytes: 10 });
  expect(await harness.service.prune(new Map([["until", ["1h"]]]))).toMatchObject({ removed: [] });
  expect(harness.events.events.at(-1)).toMatchObject({ action: "prune", attributes: { reclaimed: "0" } });
});
