import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FakeExec } from "../testing/fake-runtime.ts";
import { Harness } from "../testing/harness.ts";

const MS = 1_000_000;
const check = { Test: ["CMD", "probe", "me"], Interval: 1000 * MS, Timeout: 200 * MS, Retries: 2 };
const own = { config: { Healthcheck: check } };

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const health = async (harness: Harness, id: string) => (await harness.service.inspect(id, false)).health;

/** Waits in real time, by turns of the event loop: what a start does with files takes some. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end && !holds();) await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}

/** Lets a check come, and end. */
async function checked(harness: Harness, exitCode: number, output = ""): Promise<FakeExec> {
  const before = harness.runtime.execs.length;
  await vi.advanceTimersByTimeAsync(1000);
  expect(harness.runtime.execs).toHaveLength(before + 1);
  const exec = harness.runtime.execs.at(-1) as FakeExec;
  if (output !== "") exec.emit({ stream: "stdout", data: Buffer.from(output) });
  exec.finish(exitCode);
  await vi.advanceTimersByTimeAsync(0);
  return exec;
}

test("a container with a check is starting, healthy, unhealthy: state, list, filter, events", async () => {
  await using harness = new Harness();
  const id = await harness.create("web", own);
  expect(await health(harness, id)).toBeUndefined();
  await harness.service.start(id);
  expect(await health(harness, id)).toEqual({ status: "starting", failingStreak: 0, log: [] });
  const { request } = await checked(harness, 0, "fine");
  expect(request.process.args).toEqual(["probe", "me"]);
  expect(await health(harness, id)).toMatchObject({ status: "healthy", log: [{ exitCode: 0, output: "fine" }] });
  expect(() => harness.service.execInspect(request.execId)).toThrow("No such exec instance");
  expect(harness.events.actions(id).slice(2)).toEqual([
    "exec_create: probe me",
    "exec_start: probe me",
    "exec_die",
    "health_status: healthy",
  ]);
  await checked(harness, 1);
  await checked(harness, 1, "bad");
  expect(await health(harness, id)).toMatchObject({ status: "unhealthy", failingStreak: 2 });
  expect(harness.events.actions(id).at(-1)).toBe("health_status: unhealthy");
  const listed = await harness.service.list({ all: true, limit: 0, size: false, filters: new Map([["health", ["unhealthy"]]]) });
  expect(listed.map((row) => row.health?.status)).toEqual(["unhealthy"]);
});

test("a container without a check costs nothing", async () => {
  await using harness = new Harness();
  await harness.run("plain");
  await harness.run("off", { config: { Healthcheck: { Test: ["NONE"] } } });
  expect(vi.getTimerCount()).toBe(0);
});

describe("a check that takes too long", () => {
  test("is killed with what it has started, and the next one comes after its end", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", own);
    await vi.advanceTimersByTimeAsync(1000);
    const [exec] = harness.runtime.execs;
    exec?.emit({ stream: "stderr", data: Buffer.from("slow") });
    await vi.advanceTimersByTimeAsync(199);
    expect(exec?.kills).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(exec?.kills).toEqual([[9, "tree"]]);
    expect(await health(harness, id)).toMatchObject({
      failingStreak: 1,
      log: [{ exitCode: -1, output: "Health check exceeded timeout (200ms): slow" }],
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(harness.runtime.execs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(harness.runtime.execs).toHaveLength(2);
  });

  test("is never met by a second one", async () => {
    await using harness = new Harness();
    await harness.run("web", { config: { Healthcheck: { ...check, Timeout: 60_000 * MS } } });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(harness.runtime.execs).toHaveLength(1);
  });
});

test("a check that cannot be run says why, and counts as one that failed", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", own);
  harness.runtime.failures.set("exec", new Error("no such program"));
  await vi.advanceTimersByTimeAsync(1000);
  expect(await health(harness, id)).toMatchObject({ failingStreak: 1, log: [{ exitCode: -1, output: "no such program" }] });
});

test("output is cut at 4096 bytes", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", own);
  await checked(harness, 0, "x".repeat(5000));
  expect((await health(harness, id))?.log[0]?.output).toBe(`${"x".repeat(4096)}...`);
});

test("a pause suspends the checks, and a stop ends them; the status is then Docker's", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", own);
  await checked(harness, 0);
  await harness.service.pause(id);
  expect(await health(harness, id)).toMatchObject({ status: "unhealthy" });
  expect(vi.getTimerCount()).toBe(0);
  await harness.service.unpause(id);
  expect(await health(harness, id)).toMatchObject({ status: "unhealthy" });
  await checked(harness, 0);
  expect(await health(harness, id)).toMatchObject({ status: "healthy" });
  await harness.service.stop(id, {});
  expect(await health(harness, id)).toMatchObject({ status: "unhealthy", log: [{ exitCode: 0 }, { exitCode: 0 }] });
  expect(vi.getTimerCount()).toBe(0);
  await harness.service.start(id);
  expect(await health(harness, id)).toMatchObject({ status: "starting", failingStreak: 0, log: [{ exitCode: 0 }, { exitCode: 0 }] });
});

test("a check that is under way when its container ends is killed, and its result ignored", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { config: { Healthcheck: { ...check, Retries: 1 } } });
  await vi.advanceTimersByTimeAsync(1000);
  await harness.service.stop(id, {});
  expect(harness.runtime.execs[0]?.kills).toEqual([[9, "tree"]]);
  await vi.advanceTimersByTimeAsync(0);
  expect(await health(harness, id)).toMatchObject({ status: "unhealthy", failingStreak: 0, log: [] });
  expect(harness.events.actions(id)).not.toContain("health_status: unhealthy");
});

test("many that are due together are started a few at a time, and one that hangs holds up nobody", async () => {
  await using harness = new Harness();
  for (let index = 0; index < 20; index++) await harness.run(`web-${index}`, own);
  await vi.advanceTimersByTimeAsync(1000);
  expect(harness.runtime.execs).toHaveLength(20);
  const starting = harness.runtime.calls.filter((call) => call.startsWith("exec"));
  expect(new Set(starting).size).toBe(20);
});

test("a removed container leaves nothing", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", own);
  await checked(harness, 0);
  await harness.service.remove(id, { force: true, volumes: false, link: false });
  expect(vi.getTimerCount()).toBe(0);
  expect(harness.database.read((reader) => reader.all("SELECT * FROM container_health"))).toEqual([]);
});

describe("a daemon that starts anew", () => {
  test("goes on where the one before was, without flapping", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", own);
    await checked(harness, 0, "fine");
    await harness.service.close();
    harness.runtime.adopt(id, { kind: "running", pid: 77, paused: false });
    harness.crash();
    await harness.service.restore();
    expect(await health(harness, id)).toMatchObject({ status: "healthy", log: [{ output: "fine" }] });
    await checked(harness, 0);
    expect(harness.events.actions(id).filter((action) => action.startsWith("health_status"))).toEqual(["health_status: healthy"]);
  });

  test("knows the status that a daemon which was killed has left", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", own);
    await checked(harness, 0);
    harness.runtime.adopt(id, { kind: "running", pid: 77, paused: false });
    harness.crash();
    await harness.service.restore();
    expect(await health(harness, id)).toMatchObject({ status: "healthy" });
  });

  test("finds one that has ended unhealthy, and forgets those that are gone", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", own);
    await checked(harness, 0);
    harness.database.transact((writer) => writer.run("INSERT INTO container_health VALUES ('gone', '{}')"));
    harness.crash();
    await harness.service.restore();
    expect(await health(harness, id)).toMatchObject({ status: "unhealthy" });
    expect(harness.database.read((reader) => reader.all("SELECT id FROM container_health"))).toEqual([{ id }]);
  });
});

describe("restart of unhealthy containers", () => {
  const asked = { config: { Healthcheck: { ...check, Retries: 1 }, Labels: { "dhow.health.on-failure": "restart" } } };

  test("is asked for by label: an event with the last output, a restart, and the next one later", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", asked);
    await checked(harness, 3, "out of order");
    await vi.advanceTimersByTimeAsync(0);
    await until(() => harness.events.actions(id).includes("restart"));
    const actions = harness.events.actions(id);
    expect(actions.slice(actions.indexOf("health_status: unhealthy"))).toEqual([
      "health_status: unhealthy",
      "health_on_failure: restart",
      "kill",
      "stop",
      "die",
      "start",
      "restart",
    ]);
    const event = harness.events.events.find(({ action }) => action.startsWith("health_on_failure"));
    expect(event?.attributes).toMatchObject({ output: "out of order", exitCode: "3", failingStreak: "1" });
    const again = harness.service.find(id);
    expect([again.state.status, again.restartCount]).toEqual(["running", 1]);
    await checked(harness, 3);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(harness.service.find(id).restartCount).toBe(1);
    for (const exec of harness.runtime.execs) exec.finish(3);
    await vi.advanceTimersByTimeAsync(2_500);
    await until(() => harness.service.find(id).restartCount === 2);
  });

  test("is not an image's to ask for, and a wrong word is refused", async () => {
    await using harness = new Harness();
    harness.images.add("busybox", { Cmd: ["sh"], Labels: { "dhow.health.on-failure": "restart" } });
    const id = await harness.run("web", { config: { Healthcheck: { ...check, Retries: 1 } } });
    expect(harness.service.find(id).config.Labels).toEqual({});
    await checked(harness, 1);
    await vi.advanceTimersByTimeAsync(100);
    expect(harness.service.find(id).restartCount).toBe(0);
    await expect(harness.create("other", { config: { Labels: { "dhow.health.on-failure": "x" } } })).rejects.toThrow(
      "want none or restart",
    );
  });

  test("is called off by a success, by a stop, and never follows a pause", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", asked);
    await checked(harness, 1);
    await vi.advanceTimersByTimeAsync(0);
    await until(() => harness.events.actions(id).includes("restart"));
    await checked(harness, 1); // The second waits 10 s.
    await checked(harness, 0);
    await vi.advanceTimersByTimeAsync(900);
    expect(harness.service.find(id).restartCount).toBe(1);
    await harness.service.pause(id);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(harness.service.find(id)).toMatchObject({ restartCount: 1, state: { status: "paused" } });
    await harness.service.stop(id, {});
    await vi.advanceTimersByTimeAsync(20_000);
    expect(harness.status(id)).toBe("exited");
  });
});
