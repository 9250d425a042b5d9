import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { eventually, Harness } from "../testing/harness.ts";

const now = { timeout: undefined, signal: undefined };

test("by hand: kill, stop, die, start, restart; the root stays mounted", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  const unmounted: string[] = [];
  harness.snapshots.unmount = (id) => {
    unmounted.push(id);
    return Promise.resolve();
  };
  await harness.service.restart(id, now);
  expect(harness.events.actions(id).slice(2)).toEqual(["kill", "stop", "die", "start", "restart"]);
  expect(unmounted).toEqual([]);
  expect(harness.service.find(id)).toMatchObject({ restartCount: 0, state: { status: "running", stopRequested: false } });
});

test("one that does not run is started", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  await harness.service.restart(id, now);
  expect(harness.events.actions(id)).toEqual(["create", "start", "restart"]);
});

const always = { hostConfig: { RestartPolicy: { Name: "always" } } };

describe("by policy", () => {
  test("die, start; restarting in between; the count goes up", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", always);
    harness.runtime.finish(id, 0);
    await eventually(() => harness.status(id) === "restarting");
    await eventually(() => harness.status(id) === "running");
    expect(harness.service.find(id).restartCount).toBe(1);
    expect(harness.events.actions(id)).toEqual(["create", "start", "die", "start"]);
  });

  test("the waits grow: 100 ms, 200 ms", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", always);
    const starts: number[] = [];
    for (let restart = 0; restart < 2; restart += 1) {
      const end = performance.now();
      harness.runtime.finish(id, 1);
      await eventually(() => harness.service.find(id).restartCount === restart + 1 && harness.status(id) === "running");
      starts.push(performance.now() - end);
    }
    expect(starts[0]).toBeGreaterThanOrEqual(95);
    expect(starts[1]).toBeGreaterThanOrEqual(195);
  });

  test("on-failure: as often as said, then the exit is told to those who wait", async () => {
    await using harness = new Harness();
    harness.runtime.instantExit = 3;
    const id = await harness.create("web", { hostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } } });
    const { report } = harness.service.wait(id, "next-exit", new AbortController().signal);
    await harness.service.start(id);
    await expect(report).resolves.toEqual({ exitCode: 3 });
    expect(harness.service.find(id)).toMatchObject({ restartCount: 2, state: { status: "exited" } });
    expect(harness.events.actions(id)).toEqual(["create", "start", "die", "start", "die", "start", "die"]);
  });

  test.each(["stop", "kill", "remove"] as const)("%s in between calls it off", async (verb) => {
    await using harness = new Harness();
    const id = await harness.run("web", always);
    harness.runtime.finish(id, 1);
    await eventually(() => harness.status(id) === "restarting");
    if (verb === "stop") await harness.service.stop(id, now);
    else if (verb === "kill") await harness.service.kill(id, "KILL");
    else await harness.service.remove(id, { force: true, volumes: false, link: false });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(harness.runtime.calls.filter((call) => call.startsWith("create"))).toHaveLength(1);
    if (verb !== "remove") expect(harness.service.find(id).state).toMatchObject({ status: "exited", stopRequested: true });
    await eventually(() => harness.snapshots.mounted.size === 0);
  });

  test("a start by hand while it waits is answered as for one that runs", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", always);
    harness.runtime.finish(id, 1);
    await eventually(() => harness.status(id) === "restarting");
    await expect(harness.service.start(id)).rejects.toMatchObject({ category: "not-modified" });
    await expect(harness.service.pause(id)).rejects.toThrow(`Container ${id} is restarting, wait until the container is running`);
  });

  test("a restart that fails leaves it exited, with the reason", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", always);
    const { report } = harness.service.wait(id, "not-running", new AbortController().signal);
    harness.runtime.failures.set("create", new EngineError("system", "broken"));
    harness.runtime.finish(id, 1);
    await expect(report).resolves.toMatchObject({ error: "broken" });
    expect(harness.service.find(id).state).toMatchObject({ status: "exited", last: { error: "broken", exitCode: 128 } });
  });

  test("a stop by hand is the end of it", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", always);
    await harness.service.stop(id, now);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(harness.status(id)).toBe("exited");
  });
});
