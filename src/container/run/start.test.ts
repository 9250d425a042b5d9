import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { containerPaths } from "../record/paths.ts";
import { eventually, Harness } from "../testing/harness.ts";

test("a start: files, spec, network, process, state, event", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { config: { Cmd: ["serve"], Tty: true, OpenStdin: true }, hostConfig: { NetworkMode: "bridge" } });
  const container = harness.service.find("web");
  expect(container.state).toMatchObject({ status: "running", pid: harness.runtime.runs.get(id)?.pid, stopRequested: false });
  expect(harness.runtime.calls).toEqual([`create ${id}`, `start ${id}`]);
  expect(harness.networks.calls).toEqual([`prepare ${id}`, `connect ${id}`]);
  expect(harness.events.actions()).toEqual(["create", "start"]);
  const paths = containerPaths(harness.options.instance, id);
  expect(readFileSync(paths.hostname, "utf8")).toBe(`${id.slice(0, 12)}\n`);
  expect(readFileSync(paths.hosts, "utf8")).toContain("localhost");
  expect(harness.runtime.runs.get(id)?.request).toMatchObject({
    id,
    bundle: paths.bundle,
    runtime: "crun",
    tty: true,
    stdin: true,
    logPath: `${paths.logs}/feed`,
    spec: { root: { path: `/merged/${id}` }, process: { args: ["serve"] }, linux: { cgroupsPath: `/dhow-test/${id}` } },
  });
});

test("no log is written for the driver none", async () => {
  await using harness = new Harness();
  const id = await harness.run("quiet", { hostConfig: { LogConfig: { Type: "none" } } });
  expect(harness.runtime.runs.get(id)?.request.logPath).toBeUndefined();
});

describe("what cannot be started", () => {
  test.each([
    ["running", "not-modified", "container already started"],
    ["paused", "conflict", "cannot start a paused container, try unpause instead"],
  ])("%s", async (status, category, message) => {
    await using harness = new Harness();
    const id = await harness.run("web");
    if (status === "paused") await harness.service.pause(id);
    await expect(harness.service.start(id)).rejects.toMatchObject({ category, message });
  });

  test("unknown", async () => {
    await using harness = new Harness();
    await expect(harness.service.start("nosuch")).rejects.toMatchObject({ category: "not-found", message: "No such container: nosuch" });
  });
});

const notFound = new EngineError("system", 'exec: "nosuch": executable file not found in $PATH', { code: "not-found-executable" });
const notExecutable = new EngineError("system", "permission denied", { code: "not-executable" });

describe("a failed start is undone, and says why", () => {
  test.each([
    ["create", notFound, 127, "invalid"],
    ["start", notExecutable, 126, "invalid"],
    ["create", new EngineError("system", "broken"), 128, "system"],
  ] as const)("by the runtime's %s: %s", async (call, failure, exitCode, category) => {
    await using harness = new Harness();
    harness.runtime.failures.set(call, failure);
    const id = await harness.create("web", { hostConfig: { NetworkMode: "bridge" } });
    await expect(harness.service.start(id)).rejects.toMatchObject({ category, message: failure.message });
    expect(harness.service.find(id).state).toEqual({ status: "created", failure: { exitCode, message: failure.message } });
    await eventually(
      () => harness.snapshots.mounted.size === 0 && harness.runtime.runs.size === 0 && harness.networks.sandboxes.size === 0,
    );
    await eventually(() => !existsSync(containerPaths(harness.options.instance, id).bundle));
    expect(harness.events.actions(id)).toEqual(["create"]);
    harness.runtime.failures.clear();
    await harness.service.start(id);
    expect(harness.status(id)).toBe("running");
  });

  test("by the network", async () => {
    await using harness = new Harness();
    const id = await harness.create("web", { hostConfig: { NetworkMode: "bridge" } });
    harness.networks.prepareFailure = new EngineError("conflict", "port is already allocated");
    await expect(harness.service.start(id)).rejects.toMatchObject({ category: "conflict", message: "port is already allocated" });
    harness.networks.prepareFailure = undefined;
    harness.networks.connectFailure = new EngineError("system", "netlink");
    await expect(harness.service.start(id)).rejects.toThrow("netlink");
    await eventually(() => harness.runtime.runs.size === 0 && harness.snapshots.mounted.size === 0);
  });

  test("by a user that the root does not have", async () => {
    await using harness = new Harness();
    const id = await harness.create("web", { config: { User: "nosuch" } });
    await expect(harness.service.start(id)).rejects.toThrow("unable to find user nosuch: no matching entries in passwd file");
    expect(harness.runtime.calls).not.toContain(`create ${id}`);
  });

  test("and removed at once with AutoRemove; who waits for that is told", async () => {
    await using harness = new Harness();
    const id = await harness.create("web", { hostConfig: { AutoRemove: true } });
    const { report } = harness.service.wait(id, "removed", new AbortController().signal);
    harness.runtime.failures.set("create", notFound);
    await expect(harness.service.start(id)).rejects.toMatchObject({ code: "not-found-executable" });
    await expect(report).resolves.toEqual({ exitCode: 127 });
    expect(() => harness.service.find(id)).toThrow("No such container");
    await eventually(() => harness.snapshots.writables.size === 0);
  });

  test("keeps the times of a run before", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    harness.runtime.finish(id, 3);
    await eventually(() => harness.status(id) === "exited");
    harness.runtime.failures.set("create", notFound);
    await expect(harness.service.start(id)).rejects.toThrow();
    expect(harness.service.find(id).state).toMatchObject({ status: "exited", last: { exitCode: 127, error: notFound.message } });
  });
});

describe("another container's network", () => {
  test("its namespace, files and host name are shared; it has to run", async () => {
    await using harness = new Harness();
    const owner = await harness.create("owner", { hostConfig: { NetworkMode: "bridge" } });
    const id = await harness.create("joiner", { hostConfig: { NetworkMode: "container:owner" } });
    await expect(harness.service.start(id)).rejects.toMatchObject({
      category: "conflict",
      message: "cannot join network namespace of a non running container: container owner is created",
    });
    await harness.service.start(owner);
    await harness.service.start(id);
    const { spec } = harness.runtime.runs.get(id)?.request ?? {};
    expect(spec?.linux?.namespaces[0]).toEqual({ type: "network", path: `/run/netns/${owner}` });
    expect(spec?.hostname).toBe(owner.slice(0, 12));
    expect(harness.networks.calls.filter((call) => call.endsWith(id))).not.toContain(`prepare ${id}`);
  });

  test("through a chain of them, as long as each runs", async () => {
    await using harness = new Harness();
    const owner = await harness.run("owner", { hostConfig: { NetworkMode: "bridge" } });
    const middle = await harness.run("middle", { hostConfig: { NetworkMode: "container:owner" } });
    const id = await harness.run("joiner", { hostConfig: { NetworkMode: "container:middle" } });
    expect(harness.runtime.runs.get(id)?.request.spec.linux?.namespaces[0]).toEqual({ type: "network", path: `/run/netns/${owner}` });
    const late = await harness.create("late", { hostConfig: { NetworkMode: "container:middle" } });
    harness.runtime.finish(middle, 0);
    await eventually(() => harness.status(middle) === "exited");
    await expect(harness.service.start(late)).rejects.toThrow("container middle is exited");
  });
});

test("another container's processes: it has to run, and be there", async () => {
  await using harness = new Harness();
  const owner = await harness.run("owner");
  const id = await harness.create("joiner", { hostConfig: { PidMode: "container:owner" } });
  await harness.service.start(id);
  const { spec } = harness.runtime.runs.get(id)?.request ?? {};
  expect(spec?.linux?.namespaces[1]).toEqual({ type: "pid", path: `/proc/${harness.runtime.runs.get(owner)?.pid}/ns/pid` });
  harness.runtime.finish(id, 0);
  harness.runtime.finish(owner, 0);
  await eventually(() => harness.status(owner) === "exited" && harness.status(id) === "exited");
  await expect(harness.service.start(id)).rejects.toThrow(`failed to join PID namespace: container ${owner} is not running`);
});
