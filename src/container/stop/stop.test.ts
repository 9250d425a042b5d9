import { describe, expect, test } from "vitest";
import type { Container } from "../record/container.ts";
import { shutdownSeconds } from "./stop-all.ts";
import { eventually, Harness } from "../testing/harness.ts";

const stop = { timeout: undefined, signal: undefined };

test("kill, stop, die: in this order", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  await harness.service.stop(id, stop);
  expect(harness.events.actions(id)).toEqual(["create", "start", "kill", "stop", "die"]);
  expect(harness.events.events[2]?.attributes).toMatchObject({ signal: "15" });
  expect(harness.events.events[4]?.attributes).toMatchObject({ exitCode: "143", execDuration: "0" });
  expect(harness.service.find(id).state).toMatchObject({ status: "exited", stopRequested: true, last: { exitCode: 143 } });
});

test.each([
  [{ StopSignal: "USR1" }, {}, "kill 10"],
  [{ StopSignal: "USR1" }, { signal: "HUP" }, "kill 1"],
  [{}, {}, "kill 15"],
])("configuration %j, request %j: %s", async (config, request, call) => {
  await using harness = new Harness();
  const id = await harness.run("web", { config });
  await harness.service.stop(id, { ...stop, ...request });
  expect(harness.runtime.calls.map((text) => text.replace(`${id} `, ""))).toContain(call);
});

test("who takes no notice is killed when the time is over", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { config: { StopTimeout: 30 } });
  harness.runtime.ignored.add(15);
  await harness.service.stop(id, { ...stop, timeout: 0 });
  expect(harness.events.actions(id).slice(2)).toEqual(["kill", "kill", "stop", "die"]);
  expect(harness.service.find(id).state).toMatchObject({ last: { exitCode: 137 } });
});

test("a time of -1 waits as long as it takes", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.ignored.add(15);
  const stopped = harness.service.stop(id, { ...stop, timeout: -1 });
  await eventually(() => harness.runtime.calls.some((call) => call.startsWith("kill")));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(harness.status(id)).toBe("running");
  harness.runtime.finish(id, 5);
  await stopped;
  expect(harness.runtime.calls.filter((call) => call.startsWith("kill"))).toHaveLength(1);
});

test.each(["created", "exited"])("one that is %s is left as it is", async (status) => {
  await using harness = new Harness();
  const id = status === "created" ? await harness.create("web") : await harness.run("web");
  if (status === "exited") {
    harness.runtime.finish(id, 0);
    await eventually(() => harness.status(id) === "exited");
  }
  await expect(harness.service.stop(id, stop)).rejects.toMatchObject({ category: "not-modified" });
});

test("an unknown signal is refused before anything happens", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  await expect(harness.service.stop("web", { ...stop, signal: "BOGUS" })).rejects.toThrow(
    "cannot stop container: web: invalid signal: BOGUS",
  );
  expect(harness.status(id)).toBe("running");
});

test("a paused container is thawed to take its signal", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  await harness.service.pause(id);
  harness.runtime.ignored.add(15);
  await harness.service.stop(id, { ...stop, timeout: 0 });
  expect(harness.runtime.calls.filter((call) => call.startsWith("resume"))).toEqual([`resume ${id}`]);
  expect(harness.status(id)).toBe("exited");
});

describe("kill", () => {
  test("SIGKILL is answered when it has ended", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    await harness.service.kill(id, "");
    expect(harness.service.find(id).state).toMatchObject({ status: "exited", last: { exitCode: 137 } });
    expect(harness.events.actions(id).slice(2)).toEqual(["kill", "die"]);
  });

  test("a signal that ends nothing is none of the restart policy's business", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", { hostConfig: { RestartPolicy: { Name: "always" } } });
    harness.runtime.ignored.add(1);
    await harness.service.kill(id, "HUP");
    expect(harness.service.find(id).state).toMatchObject({ status: "running", stopRequested: false });
    await harness.service.kill(id, "KILL");
    expect(harness.status(id)).toBe("exited");
  });

  test.each([
    ["BOGUS", "invalid", "cannot kill container: web: invalid signal: BOGUS"],
    ["99", "invalid", "cannot kill container: web: the linux daemon does not support signal 99"],
  ])("the signal %s is refused", async (signal, category, message) => {
    await using harness = new Harness();
    await harness.run("web");
    await expect(harness.service.kill("web", signal)).rejects.toMatchObject({ category, message });
  });

  test("one that does not run", async () => {
    await using harness = new Harness();
    const id = await harness.create("web");
    await expect(harness.service.kill("web", "TERM")).rejects.toMatchObject({
      category: "conflict",
      message: `cannot kill container: web: container ${id} is not running`,
    });
  });
});

describe("pause", () => {
  test("and back", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    await harness.service.pause(id);
    expect(harness.status(id)).toBe("paused");
    await expect(harness.service.pause(id)).rejects.toThrow(`Container ${id} is already paused`);
    await harness.service.unpause(id);
    expect(harness.status(id)).toBe("running");
    await expect(harness.service.unpause(id)).rejects.toThrow(`Container ${id} is not paused`);
    expect(harness.events.actions(id).slice(2)).toEqual(["pause", "unpause"]);
  });

  test("one that does not run", async () => {
    await using harness = new Harness();
    const id = await harness.create("web");
    await expect(harness.service.pause(id)).rejects.toMatchObject({ category: "conflict", message: `container ${id} is not running` });
  });
});

test("everything is stopped for the daemon's end, and comes up again with the next", async () => {
  await using harness = new Harness();
  const config = { StopTimeout: 0 };
  const unlessStopped = { hostConfig: { RestartPolicy: { Name: "unless-stopped" } } };
  const ids = [await harness.run("first", { config, ...unlessStopped }), await harness.run("second", { config })];
  harness.runtime.ignored.add(15);
  await harness.service.stopAll(10);
  expect(ids.map((id) => harness.status(id))).toEqual(["exited", "exited"]);
  harness.crash();
  await harness.service.restore();
  await eventually(() => harness.status("first") === "running");
  expect(harness.status("second")).toBe("exited");
});

test("at the daemon's end those that depend on others go first, and nothing comes up any more", async () => {
  await using harness = new Harness();
  const labels = (service: string, dependsOn = ""): object => ({
    "com.docker.compose.project": "app",
    "com.docker.compose.service": service,
    "com.docker.compose.depends_on": dependsOn,
  });
  const always = { hostConfig: { RestartPolicy: { Name: "always" } } };
  const db = await harness.run("db", { config: { Labels: labels("db") }, ...always });
  const web = await harness.run("web", { config: { Labels: labels("web", "db:service_started:false") }, ...always });
  await harness.service.stopAll(15);
  expect(harness.runtime.calls.filter((call) => call.startsWith("kill"))).toEqual([`kill ${web} 15`, `kill ${db} 15`]);
  expect([harness.status("db"), harness.status("web")]).toEqual(["exited", "exited"]);
});

test.each([
  [15, [], 15],
  [15, [undefined], 15],
  [15, [30, 1], 35],
  [15, [-1, 1], -1],
  [-1, [1], -1],
])("a daemon with %i s, whose containers have %j, gives them %i s", (least, timeouts, seconds) => {
  const running = timeouts.map((StopTimeout) => ({ name: "x", config: StopTimeout === undefined ? {} : { StopTimeout } }) as Container);
  expect(shutdownSeconds(running, least)).toBe(seconds);
});
