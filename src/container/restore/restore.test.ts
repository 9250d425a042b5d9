import { existsSync, mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { containerPaths } from "../record/paths.ts";
import { eventually, Harness } from "../testing/harness.ts";

/** A daemon that is killed while a container runs; what the runtime knows of it is set by hand afterwards. */
async function killedWhileRunning(harness: Harness, change: { config?: object; hostConfig?: object } = {}): Promise<string> {
  const id = await harness.run("web", change);
  harness.crash();
  return id;
}

test("a container that runs goes on, and its end is seen by the new daemon", async () => {
  await using harness = new Harness();
  const id = await killedWhileRunning(harness);
  harness.runtime.adopt(id, { kind: "running", pid: 77, paused: false });
  await harness.service.restore();
  expect(harness.service.find(id).state).toMatchObject({ status: "running", pid: 77 });
  expect(harness.networks.restored).toEqual(new Set([id]));
  harness.runtime.finish(id, 5);
  await eventually(() => harness.status(id) === "exited");
  expect(harness.service.find(id).state).toMatchObject({ last: { exitCode: 5 } });
});

test("one whose log driver is damaged goes on without a rotation", async () => {
  await using harness = new Harness();
  const id = await killedWhileRunning(harness);
  const { hostConfig } = harness.service.find(id);
  Object.assign(hostConfig.LogConfig ?? {}, { Type: "garbage" });
  harness.logKeeper.watched.clear();
  harness.runtime.adopt(id, { kind: "running", pid: 77, paused: false });
  await harness.service.restore();
  expect(harness.status(id)).toBe("running");
  expect(harness.logKeeper.watched.size).toBe(0);
});

test("one that is frozen is shown as paused", async () => {
  await using harness = new Harness();
  const id = await killedWhileRunning(harness);
  harness.runtime.adopt(id, { kind: "running", pid: 77, paused: true });
  await harness.service.restore();
  expect(harness.status(id)).toBe("paused");
});

test("one that ended meanwhile has its own exit code and time", async () => {
  await using harness = new Harness();
  const id = await killedWhileRunning(harness);
  const finishedAt = new Date(Date.now() - 60_000);
  harness.runtime.adopt(id, { kind: "exited", exit: { exitCode: 42, finishedAt, oomKilled: true } });
  await harness.service.restore();
  expect(harness.service.find(id).state).toMatchObject({
    status: "exited",
    last: { exitCode: 42, finishedAt: finishedAt.getTime(), oomKilled: true },
  });
  expect(harness.events.actions(id).slice(-2)).toEqual(["oom", "die"]);
});

test("one that vanished has exited with 255, as in Docker", async () => {
  await using harness = new Harness();
  const id = await killedWhileRunning(harness);
  await harness.service.restore();
  expect(harness.service.find(id).state).toMatchObject({ status: "exited", last: { exitCode: 255 } });
});

test("an exit that was recorded, and not cleaned up after, is not told twice", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  const finishedAt = new Date();
  harness.runtime.finish(id, 1, { finishedAt });
  await eventually(() => harness.status(id) === "exited");
  await eventually(() => harness.runtime.runs.size === 0);
  harness.crash();
  mkdirSync(containerPaths(harness.options.instance, id).bundle, { recursive: true });
  harness.runtime.adopt(id, { kind: "exited", exit: { exitCode: 1, finishedAt, oomKilled: false } });
  await harness.service.restore();
  expect(harness.events.actions(id).filter((action) => action === "die")).toHaveLength(1);
  await eventually(() => !existsSync(containerPaths(harness.options.instance, id).bundle));
});

describe("a daemon killed in the middle of a start", () => {
  async function killedInStart(harness: Harness): Promise<string> {
    const id = await harness.create("web");
    harness.crash();
    mkdirSync(containerPaths(harness.options.instance, id).bundle, { recursive: true });
    return id;
  }

  test("before the process ran: the start never was", async () => {
    await using harness = new Harness();
    const id = await killedInStart(harness);
    harness.runtime.adopt(id, { kind: "created", pid: 77 });
    await harness.service.restore();
    await eventually(() => harness.runtime.runs.size === 0 && !existsSync(containerPaths(harness.options.instance, id).bundle));
    expect(harness.status(id)).toBe("created");
  });

  test("after: it is running", async () => {
    await using harness = new Harness();
    const id = await killedInStart(harness);
    harness.runtime.adopt(id, { kind: "running", pid: 77, paused: false });
    await harness.service.restore();
    expect(harness.service.find(id).state).toMatchObject({ status: "running", pid: 77 });
  });

  test("and it has ended since: it ran", async () => {
    await using harness = new Harness();
    const id = await killedInStart(harness);
    harness.runtime.adopt(id, { kind: "exited", exit: { exitCode: 3, finishedAt: new Date(1000), oomKilled: false } });
    await harness.service.restore();
    expect(harness.service.find(id).state).toMatchObject({ status: "exited", last: { exitCode: 3, startedAt: 1000 } });
  });
});

describe("restart policies", () => {
  test.each([
    ["always", "exited", "running"],
    ["unless-stopped", "exited", "running"],
    ["on-failure", "exited", "running"],
    ["no", "exited", "exited"],
    ["always", "stopped", "running"],
    ["unless-stopped", "stopped", "exited"],
    ["on-failure", "stopped", "running"],
    ["always", "created", "created"],
  ])("%s, %s: %s", async (policy, before, after) => {
    await using harness = new Harness();
    const id = await harness.create("web", { hostConfig: { RestartPolicy: { Name: policy } } });
    if (before !== "created") await harness.service.start(id);
    if (before === "stopped") await harness.service.stop(id, { timeout: undefined, signal: undefined });
    await eventually(() => before !== "stopped" || harness.runtime.runs.size === 0);
    harness.crash();
    if (before === "exited") harness.runtime.runs.clear();
    await harness.service.restore();
    await eventually(() => harness.status(id) === after);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(harness.status(id)).toBe(after);
  });

  test("one that ended while no daemon was there is restarted once, and its count begins anew, as in Docker", async () => {
    await using harness = new Harness();
    const id = await killedWhileRunning(harness, { hostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } } });
    harness.runtime.runs.clear();
    await harness.service.restore();
    await eventually(() => harness.status(id) === "running");
    expect(harness.service.find(id).restartCount).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(harness.events.actions(id)).toEqual(["create", "start", "die", "start"]);
  });
});

test("AutoRemove: what does not run any more is removed", async () => {
  await using harness = new Harness();
  await killedWhileRunning(harness, { hostConfig: { AutoRemove: true } });
  await harness.service.restore();
  await eventually(() => harness.snapshots.writables.size === 0);
  expect(harness.service.all()).toEqual([]);
});

test("a removal that was begun is finished", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  harness.snapshots.removeWritable = () => Promise.reject(new Error("the daemon dies here"));
  await harness.service.remove(id, { force: false, volumes: true, link: false });
  await harness.service.close();
  expect(harness.snapshots.writables.has(id)).toBe(true);
  delete (harness.snapshots as Partial<typeof harness.snapshots>).removeWritable;
  harness.crash();
  await harness.service.restore();
  await eventually(() => harness.snapshots.writables.size === 0);
  expect(harness.service.all()).toEqual([]);
  expect(harness.volumes.released.at(-1)).toEqual({ id, removeAnonymous: true });
});

test("a creation that was not finished leaves nothing", async () => {
  await using harness = new Harness();
  const never = new Promise<never>(() => {});
  harness.volumes.plan = () => never;
  void harness.create("web").catch(() => undefined);
  await eventually(() => harness.snapshots.writables.size === 1);
  harness.crash();
  await harness.service.restore();
  await eventually(() => harness.snapshots.writables.size === 0);
  expect(harness.service.all()).toEqual([]);
});

test("what no record accounts for is removed; a damaged record keeps what is its own", async () => {
  await using harness = new Harness();
  const damaged = await harness.create("damaged");
  const orphan = "f".repeat(64);
  await harness.snapshots.createWritable(orphan, undefined);
  await harness.snapshots.createWritable("not-a-container", undefined);
  mkdirSync(containerPaths(harness.options.instance, orphan).folder, { recursive: true });
  harness.database.transact((writer) => writer.run("UPDATE containers SET state = '{' WHERE id = ?", damaged));
  harness.crash();
  await harness.service.restore();
  await eventually(() => !harness.snapshots.writables.has(orphan));
  await eventually(() => !existsSync(containerPaths(harness.options.instance, orphan).folder));
  expect([...harness.snapshots.writables.keys()].toSorted()).toEqual([damaged, "not-a-container"].toSorted());
  expect(harness.status(damaged)).toBe("exited");
  await expect(harness.create("damaged")).rejects.toMatchObject({ category: "conflict" });
});
