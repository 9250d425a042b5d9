import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { StreamSession } from "../attach/stream-session.ts";
import { eventually, Harness } from "../testing/harness.ts";
import type { ExecConfig } from "./exec-session.ts";
import { ExecStore } from "./exec-store.ts";

const ls: ExecConfig = {
  command: ["ls", "-l"],
  env: [],
  user: "",
  workingDir: "",
  privileged: false,
  tty: false,
  stdin: false,
  stdout: true,
  stderr: true,
  detachKeys: "",
};

async function textOf(session: StreamSession): Promise<string> {
  let text = "";
  for await (const { data } of session.output) text += Buffer.from(data).toString();
  return text;
}

async function running(harness: Harness): Promise<string> {
  return await harness.run("web", { config: { Env: ["PATH=/bin"], WorkingDir: "/srv" } });
}

test("create, start, end: process, output, exit code, events", async () => {
  await using harness = new Harness();
  const container = await running(harness);
  const id = await harness.service.execCreate("web", { ...ls, env: ["A=1"], user: "app", workingDir: "/tmp" }, undefined);
  expect(harness.service.execInspect(id)).toMatchObject({ containerId: container, state: { status: "created" } });
  const session = await harness.service.execStart(id, undefined);
  const [exec] = harness.runtime.execs;
  expect(exec?.request).toMatchObject({
    execId: id,
    process: { args: ["ls", "-l"], env: ["PATH=/bin", "A=1"], cwd: "/tmp", user: { uid: 1000 } },
    tty: false,
    stdin: false,
  });
  expect((await harness.service.inspect(container, false)).execIds).toEqual([id]);
  exec?.emit({ stream: "stdout", data: Buffer.from("out") });
  exec?.finish(3);
  await expect(textOf(session)).resolves.toBe("out");
  expect(harness.service.execInspect(id).state).toMatchObject({ status: "exited", exitCode: 3, pid: exec?.pid });
  expect((await harness.service.inspect(container, false)).execIds).toEqual([]);
  expect(harness.events.actions(container).slice(2)).toEqual(["exec_create: ls -l", "exec_start: ls -l", "exec_die"]);
  expect(harness.events.events.at(-1)?.attributes).toMatchObject({ execID: id, exitCode: "3", name: "web" });
});

test("a child that holds the output does not hold the client", async () => {
  await using harness = new Harness();
  await running(harness);
  const id = await harness.service.execCreate("web", ls, undefined);
  const session = await harness.service.execStart(id, undefined);
  const [exec] = harness.runtime.execs;
  exec?.emit({ stream: "stdout", data: Buffer.from("hi") });
  exec?.finish(0, false);
  await expect(textOf(session)).resolves.toBe("hi");
  expect(exec?.closed).toBe(true);
});

test("the stream ends when the exit code is known, not with the output", async () => {
  await using harness = new Harness();
  await running(harness);
  const id = await harness.service.execCreate("web", ls, undefined);
  const text = textOf(await harness.service.execStart(id, undefined));
  const [exec] = harness.runtime.execs;
  exec?.end();
  const early = await Promise.race([text, new Promise((resolve) => setTimeout(resolve, 20, "still open"))]);
  expect(early).toBe("still open");
  exec?.finish(4);
  await text;
  expect(harness.service.execInspect(id).state).toMatchObject({ status: "exited", exitCode: 4 });
});

test("a client that goes away does not wait for that", async () => {
  await using harness = new Harness();
  await running(harness);
  const id = await harness.service.execCreate("web", ls, undefined);
  const session = await harness.service.execStart(id, undefined);
  const text = textOf(session);
  session.close();
  await expect(text).resolves.toBe("");
  expect(harness.service.execInspect(id).state.status).toBe("running");
});

describe("a command that cannot be run", () => {
  test.each([
    ["not-found-executable", 127],
    ["not-executable", 126],
    [undefined, 126],
  ])("with code %s: its stream says so, and the exit code is %d", async (code, exitCode) => {
    await using harness = new Harness();
    await running(harness);
    harness.runtime.failures.set("exec", new EngineError("system", "OCI runtime exec failed", code === undefined ? {} : { code }));
    const id = await harness.service.execCreate("web", ls, undefined);
    await expect(textOf(await harness.service.execStart(id, undefined))).resolves.toBe("OCI runtime exec failed\r\n");
    expect(harness.service.execInspect(id).state).toMatchObject({ status: "exited", exitCode, pid: 0 });
  });

  test("detached: the request fails", async () => {
    await using harness = new Harness();
    await running(harness);
    harness.runtime.failures.set("exec", new EngineError("invalid", "OCI runtime exec failed", { code: "not-executable" }));
    const id = await harness.service.execCreate("web", ls, undefined);
    await expect(harness.service.execStartDetached(id)).rejects.toThrow("OCI runtime exec failed");
    expect(harness.service.execInspect(id).state).toMatchObject({ exitCode: 126 });
  });
});

test("detached: it runs, nobody reads", async () => {
  await using harness = new Harness();
  await running(harness);
  const id = await harness.service.execCreate("web", ls, undefined);
  await harness.service.execStartDetached(id);
  expect(harness.service.execInspect(id).state.status).toBe("running");
  harness.runtime.execs[0]?.finish(0);
  await eventually(() => harness.service.execInspect(id).state.status === "exited");
});

describe("what is refused", () => {
  test.each([
    [{ command: [] }, "invalid", "No exec command specified"],
    [{ detachKeys: "bogus" }, "invalid", "Invalid detach keys (bogus) provided"],
    [{ user: "nosuch" }, "invalid", "unable to find user nosuch: no matching entries in passwd file"],
  ])("%j", async (change, category, message) => {
    await using harness = new Harness();
    await running(harness);
    await expect(harness.service.execCreate("web", { ...ls, ...change }, undefined)).rejects.toMatchObject({ category, message });
  });

  test("a container that does not run, or is paused, when it is asked for or by then", async () => {
    await using harness = new Harness();
    const container = await harness.create("web");
    const create = async (): Promise<string> => await harness.service.execCreate("web", ls, undefined);
    await expect(create()).rejects.toMatchObject({ category: "conflict", message: `container ${container} is not running` });
    await harness.service.start("web");
    const id = await create();
    await harness.service.pause("web");
    await expect(create()).rejects.toThrow("Container web is paused, unpause the container before exec");
    await expect(harness.service.execStart(id, undefined)).rejects.toMatchObject({ category: "conflict" });
  });

  test("an unknown session, and a second start", async () => {
    await using harness = new Harness();
    await running(harness);
    expect(() => harness.service.execInspect("nosuch")).toThrow("No such exec instance: nosuch");
    const id = await harness.service.execCreate("web", ls, undefined);
    const starts = await Promise.allSettled([harness.service.execStart(id, undefined), harness.service.execStart(id, undefined)]);
    expect(starts.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(starts[1]).toMatchObject({ reason: { category: "conflict", message: `exec command ${id} has already run` } });
  });
});

describe("a terminal", () => {
  test("has the size it was asked for last, also before it is there", async () => {
    await using harness = new Harness();
    await running(harness);
    const id = await harness.service.execCreate("web", { ...ls, tty: true }, { rows: 1, columns: 2 });
    harness.service.execResize(id, { rows: 3, columns: 4 });
    const starting = harness.service.execStart(id, undefined);
    harness.service.execResize(id, { rows: 5, columns: 6 });
    await starting;
    expect(harness.runtime.execs[0]?.request).toMatchObject({ size: { rows: 3, columns: 4 } });
    expect(harness.runtime.execs[0]?.sizes).toEqual([{ rows: 5, columns: 6 }]);
    harness.service.execResize(id, { rows: 7, columns: 8 });
    expect(harness.runtime.execs[0]?.sizes.at(-1)).toEqual({ rows: 7, columns: 8 });
  });

  test("detaches on its keys, and the process goes on", async () => {
    await using harness = new Harness();
    const container = await running(harness);
    const id = await harness.service.execCreate("web", { ...ls, tty: true, stdin: true }, undefined);
    const session = await harness.service.execStart(id, undefined);
    await session.write(Buffer.from("x\u0010\u0011"));
    await expect(textOf(session)).resolves.toBe("");
    expect(harness.runtime.execs[0]?.input).toBe("x");
    expect(harness.service.execInspect(id).state.status).toBe("running");
    expect(harness.events.actions(container).at(-1)).toBe("exec_detach");
  });
});

test("input ends with the client's", async () => {
  await using harness = new Harness();
  await running(harness);
  const id = await harness.service.execCreate("web", { ...ls, stdin: true }, undefined);
  const session = await harness.service.execStart(id, undefined);
  await session.write(Buffer.from("in"));
  session.endInput();
  expect(harness.runtime.execs[0]).toMatchObject({ input: "in", stdinClosed: true, closed: false });
});

describe("the store of sessions", () => {
  const session = (id: string, status: "created" | "running" | "exited", at = 0) =>
    ({ id, containerId: "c", config: ls, user: {}, size: undefined, state: { status, exitCode: 0, pid: 1, at } }) as never;

  test("forgets those that ended some time ago, and those never started", () => {
    const store = new ExecStore({ keepMs: 1000, unstartedMs: 5000 });
    store.add(session("ended", "exited", 0), 0);
    store.add(session("waiting", "created"), 0);
    store.add(session("running", "running"), 0);
    store.add(session("new", "created"), 20_000);
    expect(() => store.get("ended")).toThrow("No such exec instance: ended");
    expect(() => store.get("waiting")).toThrow();
    expect([store.get("running").id, store.get("new").id]).toEqual(["running", "new"]);
  });

  test("is bounded: the oldest that do not run give way", () => {
    const store = new ExecStore({ most: 2 });
    store.add(session("a", "running"));
    store.add(session("b", "exited", Date.now()));
    store.add(session("c", "running"));
    expect(() => store.get("b")).toThrow();
    expect(() => store.add(session("d", "created"))).toThrow("more than 2 exec sessions run at once");
    expect(store.size).toBe(2);
  });
});
