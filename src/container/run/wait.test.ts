import { expect, test } from "vitest";
import { eventually, Harness } from "../testing/harness.ts";

const signal = new AbortController().signal;

test("not-running: at once for one at rest, else at its exit", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  await expect(harness.service.wait(id, "not-running", signal).report).resolves.toEqual({ exitCode: 0 });
  await harness.service.start(id);
  const { report } = harness.service.wait(id, "not-running", signal);
  harness.runtime.finish(id, 42);
  await expect(report).resolves.toEqual({ exitCode: 42 });
  await expect(harness.service.wait(id, "not-running", signal).report).resolves.toEqual({ exitCode: 42 });
});

test("next-exit, registered before the start, does not miss an exit in the same moment", async () => {
  await using harness = new Harness();
  harness.runtime.instantExit = 9;
  const id = await harness.create("web");
  const { report } = harness.service.wait(id, "next-exit", signal);
  await harness.service.start(id);
  await expect(report).resolves.toEqual({ exitCode: 9 });
});

test("next-exit is not the exit that was", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.runtime.finish(id, 1);
  await eventually(() => harness.status(id) === "exited");
  const { report } = harness.service.wait(id, "next-exit", signal);
  await harness.service.start(id);
  harness.runtime.finish(id, 2);
  await expect(report).resolves.toEqual({ exitCode: 2 });
});

test("removed: not at the exit, but when it is gone, with the exit code", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  let done = false;
  const { report } = harness.service.wait(id, "removed", signal);
  void report.then(() => (done = true));
  harness.runtime.finish(id, 3);
  await eventually(() => harness.status(id) === "exited");
  expect(done).toBe(false);
  await harness.service.remove(id, { force: false, volumes: false, link: false });
  await expect(report).resolves.toEqual({ exitCode: 3 });
});

test("who waits for an exit of a container that is removed is told too", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  const { report } = harness.service.wait(id, "next-exit", signal);
  await harness.service.remove(id, { force: false, volumes: false, link: false });
  await expect(report).resolves.toEqual({ exitCode: 0 });
});

test("a client that goes away waits no more", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  const left = new AbortController();
  const { report } = harness.service.wait(id, "next-exit", left.signal);
  left.abort(new Error("gone"));
  await expect(report).rejects.toThrow("gone");
});

test("ports are free by the time an exit is told", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { NetworkMode: "bridge" } });
  const { report } = harness.service.wait(id, "next-exit", signal);
  harness.runtime.finish(id, 0);
  await report;
  expect(harness.networks.sandboxes.has(id)).toBe(false);
});

test("an unknown container", async () => {
  await using harness = new Harness();
  expect(() => harness.service.wait("nosuch", "removed", signal)).toThrow("No such container: nosuch");
});
