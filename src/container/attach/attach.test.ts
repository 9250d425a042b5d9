import { describe, expect, test } from "vitest";
import type { FakePipe } from "../testing/fake-pipe.ts";
import { eventually, Harness } from "../testing/harness.ts";
import type { StreamSession } from "./stream-session.ts";

const both = { logs: false, stream: true, stdin: false, stdout: true, stderr: true, detachKeys: "" };

async function textOf(session: StreamSession): Promise<string> {
  let text = "";
  for await (const { stream, data } of session.output) text += `${stream === "stderr" ? "!" : ""}${Buffer.from(data).toString()}`;
  return text;
}

function pipeOf(harness: Harness, id: string): FakePipe {
  const pipe = harness.runtime.runs.get(id)?.pipes[0];
  if (pipe === undefined) throw new Error("nobody attached");
  return pipe;
}

test("before the start: nothing of the run is missed, not even of one that ends at once", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  const session = await harness.service.attach(id, both);
  const text = textOf(session);
  await harness.service.start(id);
  expect(harness.runtime.calls).toEqual([`create ${id}`, `attach ${id}`, `start ${id}`]);
  harness.runtime.output(id, "out");
  harness.runtime.output(id, "err", "stderr");
  harness.runtime.finish(id, 0);
  await expect(text).resolves.toBe("out!err");
  expect(harness.events.actions(id).slice(0, 3)).toEqual(["create", "attach", "start"]);
});

test.each([
  [{ stdout: true, stderr: false }, "out"],
  [{ stdout: false, stderr: true }, "!err"],
])("only what was asked for: %j", async (wanted, expected) => {
  await using harness = new Harness();
  const id = await harness.run("web");
  const text = textOf(await harness.service.attach(id, { ...both, ...wanted }));
  harness.runtime.output(id, "out");
  harness.runtime.output(id, "err", "stderr");
  harness.runtime.finish(id, 0);
  await expect(text).resolves.toBe(expected);
});

test("a start that fails, and a removal, end the wait", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  const first = textOf(await harness.service.attach(id, both));
  harness.runtime.failures.set("create", new Error("broken"));
  await expect(harness.service.start(id)).rejects.toThrow("broken");
  await expect(first).resolves.toBe("");
  const second = textOf(await harness.service.attach(id, both));
  await harness.service.remove(id, { force: false, volumes: false, link: false });
  await expect(second).resolves.toBe("");
});

test("a client that goes away before the start leaves no connection", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  const session = await harness.service.attach(id, both);
  session.close();
  await expect(textOf(session)).resolves.toBe("");
  await harness.service.start(id);
  expect(harness.runtime.runs.get(id)?.pipes).toEqual([]);
});

test("the log first, up to where the stream begins", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.logs.records.push({ stream: "stdout", timeNano: 1n, data: Buffer.from("before\n") });
  const text = textOf(await harness.service.attach(id, { ...both, logs: true }));
  harness.runtime.output(id, "after");
  harness.runtime.finish(id, 0);
  await expect(text).resolves.toBe("before\nafter");
  expect(harness.logs.queries).toMatchObject([{ stdout: true, until: expect.any(BigInt) as bigint }]);
});

test("the log alone", async () => {
  await using harness = new Harness();
  const id = await harness.run("web");
  harness.logs.records.push({ stream: "stdout", timeNano: 1n, data: Buffer.from("before\n") });
  await expect(textOf(await harness.service.attach(id, { ...both, logs: true, stream: false }))).resolves.toBe("before\n");
  expect(harness.runtime.calls).not.toContain(`attach ${id}`);
});

describe("input", () => {
  const open = { config: { OpenStdin: true, StdinOnce: true } };

  test("typed before the start reaches the process", async () => {
    await using harness = new Harness();
    const id = await harness.create("web", open);
    const session = await harness.service.attach(id, { ...both, stdin: true });
    const written = session.write(Buffer.from("early"));
    await harness.service.start(id);
    await written;
    expect(pipeOf(harness, id).input).toBe("early");
    session.endInput();
    await eventually(() => pipeOf(harness, id).stdinClosed);
    expect(pipeOf(harness, id).closed).toBe(false);
  });

  test("of a client that did not ask for it, or to a container without, is thrown away", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    const session = await harness.service.attach(id, { ...both, stdin: true });
    await session.write(Buffer.from("x"));
    session.endInput();
    expect(pipeOf(harness, id)).toMatchObject({ input: "", stdinClosed: false, closed: false });
  });

  test("its end detaches, where it does not end the process' (moby)", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", { config: { OpenStdin: true } });
    const session = await harness.service.attach(id, { ...both, stdin: true });
    session.endInput();
    await expect(textOf(session)).resolves.toBe("");
    expect(pipeOf(harness, id)).toMatchObject({ stdinClosed: false, closed: true });
    expect(harness.status(id)).toBe("running");
  });

  test("the detach keys of a terminal", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", { config: { OpenStdin: true, Tty: true } });
    const session = await harness.service.attach(id, { ...both, stdin: true, detachKeys: "ctrl-a,b" });
    expect(session.tty).toBe(true);
    await session.write(Buffer.from("x\u0001"));
    await session.write(Buffer.from("b-lost"));
    await expect(textOf(session)).resolves.toBe("");
    expect(pipeOf(harness, id)).toMatchObject({ input: "x", closed: true });
    expect(harness.events.actions(id).at(-1)).toBe("detach");
  });

  test("keys mean nothing without a terminal", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", open);
    const session = await harness.service.attach(id, { ...both, stdin: true });
    await session.write(Buffer.from("\u0010\u0011"));
    expect(pipeOf(harness, id).input).toBe("\u0010\u0011");
  });
});

describe("what is refused", () => {
  test("wrong detach keys", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    await expect(harness.service.attach(id, { ...both, detachKeys: "bogus" })).rejects.toThrow("Invalid detach keys (bogus) provided");
  });

  test("a paused container", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    await harness.service.pause(id);
    await expect(harness.service.attach("web", both)).rejects.toThrow("container web is paused, unpause the container before attach");
  });

  test("the log of a driver that keeps none", async () => {
    await using harness = new Harness();
    const id = await harness.create("web", { hostConfig: { LogConfig: { Type: "none" } } });
    await expect(harness.service.attach(id, { ...both, logs: true })).rejects.toThrow("configured logging driver does not support reading");
  });
});

describe("logs", () => {
  const wanted = { follow: false, stdout: true, stderr: true, timestamps: false, details: false };
  const { signal } = new AbortController();

  test("are followed to the container's end", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    harness.logs.records.push({ stream: "stdout", timeNano: 1n, data: Buffer.from("line\n") });
    const { content } = harness.service.logs(id, { ...wanted, follow: true }, signal);
    const all = Array.fromAsync(content);
    await eventually(() => harness.logs.queries.length === 1);
    harness.runtime.finish(id, 0);
    await expect(all).resolves.toHaveLength(1);
  });

  test("end at once for one at rest", async () => {
    await using harness = new Harness();
    const id = await harness.create("web");
    await expect(Array.fromAsync(harness.service.logs(id, { ...wanted, follow: true }, signal).content)).resolves.toHaveLength(1);
  });

  test.each([
    [{ stdout: false, stderr: false }, {}, "invalid", "Bad parameters: you must choose at least one stream"],
    [{}, { LogConfig: { Type: "none" } }, "not-implemented", "configured logging driver does not support reading"],
  ])("%j of a container with %j", async (query, hostConfig, category, message) => {
    await using harness = new Harness();
    const id = await harness.create("web", { hostConfig });
    expect(() => harness.service.logs(id, { ...wanted, ...query }, signal)).toThrow(
      expect.objectContaining({ category, message }) as Error,
    );
  });
});

test("resize: of a terminal only, and of one that runs", async () => {
  await using harness = new Harness();
  const id = await harness.create("web", { config: { Tty: true } });
  const size = { rows: 24, columns: 80 };
  await expect(harness.service.resize(id, size)).rejects.toThrow(`container ${id} is not running`);
  await harness.service.start(id);
  await harness.service.resize(id, size);
  expect(harness.runtime.calls).toContain(`resize ${id} 24 80`);
  const other = await harness.run("other");
  await harness.service.resize(other, size);
  expect(harness.runtime.calls).not.toContain(`resize ${other} 24 80`);
});
