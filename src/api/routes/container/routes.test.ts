import { duplexPair } from "node:stream";
import { describe, expect, test } from "vitest";
import { eventually, Harness } from "#container/testing/harness.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { Router } from "#http/router.ts";
import { execRoutes } from "../exec/routes.ts";
import { containerRoutes } from "./routes.ts";

type Ask = (line: string, body?: unknown, request?: Partial<ApiRequest>) => Promise<Reply>;

/** The routes over the real verbs and fakes below these. */
function askOf(harness: Harness): Ask {
  const router = new Router([...containerRoutes(harness.service), ...execRoutes(harness.service)]);
  return async (line, body, request = {}) => {
    const [method = "", target = ""] = line.split(" ");
    const [path = "", search] = target.split("?");
    const match = router.match(method, path);
    if (match === undefined) throw new Error(`no route for ${line}`);
    return await match.route.handler({
      method,
      path,
      params: match.params,
      query: new URLSearchParams(search),
      headers: { upgrade: "tcp" },
      apiVersion: [1, 51],
      signal: new AbortController().signal,
      body: (async function* () {})(),
      json: () => Promise.resolve(body),
      ...request,
    });
  };
}

function bodyOf(reply: Reply): Record<string, unknown> {
  if (reply.kind === "json-text") return JSON.parse(reply.body) as Record<string, unknown>;
  if (reply.kind !== "json") throw new Error(`a ${reply.kind} answer`);
  return JSON.parse(JSON.stringify(reply.body)) as Record<string, unknown>;
}

async function textOf(reply: Reply): Promise<string> {
  if (reply.kind !== "stream") throw new Error(`a ${reply.kind} answer`);
  return Buffer.concat(await Array.fromAsync(reply.body)).toString("latin1");
}

/** Runs a hijacked answer to its end with a client that types `input` and stays. */
async function hijacked(reply: Reply, input = ""): Promise<string> {
  if (reply.kind !== "hijack") throw new Error(`a ${reply.kind} answer`);
  const [client, server] = duplexPair();
  let text = "";
  client.on("data", (data: Buffer) => (text += data.toString("latin1")));
  if (input !== "") client.write(input);
  await reply.run(server);
  server.end();
  await new Promise((resolve) => setImmediate(resolve));
  return text;
}

describe("create", () => {
  test("answers 201 with the id, and passes on all parts", async () => {
    await using harness = new Harness();
    const reply = await askOf(harness)("POST /containers/create?name=web", {
      Image: "busybox",
      Cmd: ["ls"],
      HostConfig: { NetworkMode: "none", Memory: 5 },
      NetworkingConfig: { EndpointsConfig: { none: null } },
    });
    expect(reply).toMatchObject({ status: 201, body: { Id: expect.stringMatching(/^[0-9a-f]{64}$/) as string, Warnings: [] } });
    expect(harness.service.find("web")).toMatchObject({ config: { Cmd: ["ls"] }, hostConfig: { Memory: 5 }, endpoints: { none: {} } });
  });

  test("a command that is one string is one word", async () => {
    await using harness = new Harness();
    await askOf(harness)("POST /containers/create?name=web", { Image: "busybox", Cmd: "ls -l", Entrypoint: "" });
    expect(harness.service.find("web").config).toMatchObject({ Cmd: ["ls -l"], Entrypoint: undefined });
  });

  test("an old client's MAC address is its network's", async () => {
    await using harness = new Harness();
    const body = { Image: "busybox", MacAddress: "02:42:00:00:00:01", HostConfig: { NetworkMode: "app" } };
    await askOf(harness)("POST /containers/create?name=web", body);
    expect(harness.service.find("web").endpoints).toEqual({ app: { MacAddress: "02:42:00:00:00:01" } });
  });

  test.each<[unknown, string]>([
    [undefined, "invalid JSON: got EOF while reading request body"],
    [{}, "config cannot be empty in order to create a container"],
    [[], "want an object"],
    [{ Image: "busybox", Env: "A=1" }, "field Env: want an array"],
    [{ Image: "busybox", HostConfig: { Memory: "1" } }, "field HostConfig.Memory: want a 64-bit integer"],
    [{ Image: "busybox", Cmd: [1] }, "field Cmd[0]: want a string"],
  ])("%j is refused", async (body, message) => {
    await using harness = new Harness();
    await expect(askOf(harness)("POST /containers/create", body)).rejects.toThrow(message);
  });

  test("a key named __proto__ grants nothing", async () => {
    await using harness = new Harness();
    const body = JSON.parse('{"Image":"busybox","HostConfig":{"__proto__":{"Privileged":true}},"Labels":{"__proto__":"x"}}') as unknown;
    await askOf(harness)("POST /containers/create?name=web", body);
    await askOf(harness)("POST /containers/create?name=next", { Image: "busybox" });
    const [web, next] = [harness.service.find("web"), harness.service.find("next")];
    expect([web.hostConfig.Privileged, next.hostConfig.Privileged]).toEqual([undefined, undefined]);
    expect(Object.keys(web.config.Labels ?? {})).toEqual(["__proto__"]);
  });
});

test("the verbs answer 204, or what is wrong", async () => {
  await using harness = new Harness();
  const ask = askOf(harness);
  await harness.create("web");
  for (const line of [
    "POST /containers/web/start",
    "POST /containers/web/pause",
    "POST /containers/web/unpause",
    "POST /containers/web/restart?t=1",
    "POST /containers/web/rename?name=site",
    "POST /containers/site/kill?signal=KILL",
    "DELETE /containers/site?v=1",
  ]) {
    expect(await ask(line), line).toEqual({ kind: "empty", status: 204 });
  }
  await expect(ask("POST /containers/site/start")).rejects.toMatchObject({ category: "not-found" });
  await harness.run("web");
  await expect(ask("POST /containers/web/stop?t=x")).rejects.toThrow('strconv.Atoi: parsing "x": invalid syntax');
  expect(await ask("POST /containers/web/resize?h=1&w=2")).toEqual({ kind: "empty", status: 200 });
  expect(await ask("POST /containers/web/stop?t=0&signal=INT")).toEqual({ kind: "empty", status: 204 });
  expect(
    harness.events.events.find(({ action, id }) => action === "kill" && id === harness.service.find("web").id)?.attributes,
  ).toMatchObject({
    signal: "2",
  });
});

test("list, inspect, top, update, prune", async () => {
  await using harness = new Harness();
  const ask = askOf(harness);
  const id = await harness.run("web");
  await harness.create("idle");
  expect(bodyOf(await ask("GET /containers/json"))).toMatchObject([{ Id: id, Names: ["/web"], State: "running" }]);
  expect(bodyOf(await ask('GET /containers/json?all=1&filters={"name":["idle"]}'))).toMatchObject([{ Names: ["/idle"] }]);
  await expect(ask('GET /containers/json?filters={"x":["y"]}')).rejects.toThrow("invalid filter 'x'");
  await expect(ask("GET /containers/json?limit=x")).rejects.toMatchObject({ category: "invalid" });
  expect(bodyOf(await ask(`GET /containers/${id.slice(0, 12)}/json?size=1`))).toMatchObject({ Name: "/web", SizeRw: 10 });
  expect(bodyOf(await ask("GET /containers/web/top?ps_args=-o%20pid"))).toEqual({ Titles: ["PID"], Processes: [[String(process.pid)]] });
  expect(bodyOf(await ask("POST /containers/web/update", { CpuShares: 5 }))).toEqual({ Warnings: [] });
  expect(bodyOf(await ask("POST /containers/prune"))).toMatchObject({ ContainersDeleted: [expect.any(String)], SpaceReclaimed: 10 });
});

describe("wait", () => {
  test("is registered before its headers go out, and answers one object", async () => {
    await using harness = new Harness();
    harness.runtime.instantExit = 7;
    await harness.create("web");
    const reply = await askOf(harness)("POST /containers/web/wait?condition=next-exit");
    expect(reply).toMatchObject({ kind: "stream", contentType: "application/json" });
    await harness.service.start("web");
    expect(await textOf(reply)).toBe('{"StatusCode":7}\n');
  });

  test("says why a container could not be started", async () => {
    await using harness = new Harness();
    await harness.create("web");
    harness.runtime.failures.set("create", new Error("broken"));
    await expect(harness.service.start("web")).rejects.toThrow("broken");
    expect(JSON.parse(await textOf(await askOf(harness)("POST /containers/web/wait")))).toEqual({
      Error: { Message: "broken" },
      StatusCode: 128,
    });
  });

  test("knows three conditions", async () => {
    await using harness = new Harness();
    await harness.create("web");
    await expect(askOf(harness)("POST /containers/web/wait?condition=bogus")).rejects.toThrow('invalid condition: "bogus"');
  });
});

describe("logs", () => {
  const at = BigInt(Date.parse("2026-01-02T03:04:05Z")) * 1_000_000n + 6n;

  async function withLog(config: object): Promise<Harness> {
    const harness = new Harness();
    await harness.run("web", { config });
    harness.logs.records.push(
      { stream: "stdout", timeNano: at, data: Buffer.from("a\n") },
      { stream: "stderr", timeNano: at, data: Buffer.from("b") },
    );
    return harness;
  }

  test.each([
    ["stdout=1&stderr=1", "\u0001\0\0\0\0\0\0\u0002a\n\u0002\0\0\0\0\0\0\u0001b"],
    ["stdout=1", "\u0001\0\0\0\0\0\0\u0002a\n"],
    ["stderr=1&timestamps=1", "\u0002\0\0\0\0\0\0\u00202026-01-02T03:04:05.000000006Z b"],
    ["stderr=1&details=1", "\u0002\0\0\0\0\0\0\u0002 b"],
  ])("%s", async (search, expected) => {
    await using harness = await withLog({});
    const reply = await askOf(harness)(`GET /containers/web/logs?${search}`);
    expect(reply).toMatchObject({ contentType: "application/vnd.docker.multiplexed-stream" });
    expect(await textOf(reply)).toBe(expected);
  });

  test("of a terminal have no frames", async () => {
    await using harness = await withLog({ Tty: true });
    const reply = await askOf(harness)("GET /containers/web/logs?stdout=1&timestamps=1");
    expect(reply).toMatchObject({ contentType: "application/vnd.docker.raw-stream" });
    expect(await textOf(reply)).toBe("2026-01-02T03:04:05.000000006Z a\n");
  });

  test.each([
    ["tail=5&since=10.5&until=20", { tail: 5, since: 10_500_000_000n, until: 20_000_000_000n }],
    ["tail=all&since=0&until=0", { tail: undefined, since: 0n, until: undefined }],
    ["tail=-1", { tail: undefined, since: undefined }],
    ["tail=0", { tail: 0 }],
  ])("what %s asks for", async (search, query) => {
    await using harness = await withLog({});
    await textOf(await askOf(harness)(`GET /containers/web/logs?stdout=1&${search}`));
    expect(harness.logs.queries).toMatchObject([query]);
  });

  test.each([
    ["", "you must choose at least one stream"],
    ["stdout=1&tail=x", 'invalid value for tail: "x"'],
    ["stdout=1&since=x", "invalid timestamp"],
  ])("%j is refused", async (search, message) => {
    await using harness = await withLog({});
    await expect(askOf(harness)(`GET /containers/web/logs?${search}`)).rejects.toThrow(message);
  });
});

describe("attach", () => {
  test("through a start, in frames", async () => {
    await using harness = new Harness();
    const id = await harness.create("web");
    const reply = await askOf(harness)("POST /containers/web/attach?stream=1&stdout=1&stderr=1");
    expect(reply).toMatchObject({ kind: "hijack", contentType: "application/vnd.docker.multiplexed-stream" });
    await harness.service.start(id);
    harness.runtime.output(id, "hi");
    harness.runtime.finish(id, 0);
    expect(await hijacked(reply)).toBe("\u0001\0\0\0\0\0\0\u0002hi");
  });

  test.each([
    [{ Tty: true }, {}, "raw-stream"],
    [{}, { apiVersion: [1, 41] as const }, "raw-stream"],
    [{}, { headers: {} }, "raw-stream"],
    [{}, {}, "multiplexed-stream"],
  ])("content type of %j for %j", async (config, request, type) => {
    await using harness = new Harness();
    await harness.create("web", { config });
    const reply = await askOf(harness)("POST /containers/web/attach?stream=1&stdout=1", undefined, request);
    expect(reply).toMatchObject({ contentType: `application/vnd.docker.${type}` });
  });

  test("a client that is gone before its answer leaves no connection behind", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    const left = new AbortController();
    await askOf(harness)("POST /containers/web/attach?stream=1&stdout=1", undefined, { signal: left.signal });
    left.abort();
    expect(await eventually(() => harness.runtime.runs.get(id)?.pipes[0]?.closed)).toBe(true);
  });
});

describe("exec", () => {
  async function created(harness: Harness, body: object = {}): Promise<string> {
    await harness.run("web", { config: { OpenStdin: true } });
    const command = { Cmd: ["cat", "-"], AttachStdin: true, AttachStdout: true, AttachStderr: true };
    return bodyOf(await askOf(harness)("POST /containers/web/exec", { ...command, ...body }))["Id"] as string;
  }

  test("create, start, inspect", async () => {
    await using harness = new Harness();
    const ask = askOf(harness);
    const id = await created(harness, { User: "app", Privileged: true });
    expect(bodyOf(await ask(`GET /exec/${id}/json`))).toEqual({
      ID: id,
      Running: false,
      ExitCode: null,
      ProcessConfig: { tty: false, entrypoint: "cat", arguments: ["-"], privileged: true, user: "app" },
      OpenStdin: true,
      OpenStderr: true,
      OpenStdout: true,
      CanRemove: false,
      ContainerID: harness.service.find("web").id,
      DetachKeys: "",
      Pid: 0,
    });
    const reply = await ask(`POST /exec/${id}/start`, { Detach: false });
    const [exec] = harness.runtime.execs;
    const output = hijacked(reply, "typed");
    await eventually(() => exec?.input === "typed");
    exec?.emit({ stream: "stdout", data: Buffer.from("out") });
    exec?.finish(3);
    expect(await output).toBe("\u0001\0\0\0\0\0\0\u0003out");
    expect(bodyOf(await ask(`GET /exec/${id}/json`))).toMatchObject({ Running: false, ExitCode: 3, Pid: exec?.pid });
    await expect(ask(`POST /exec/${id}/start`, {})).rejects.toMatchObject({ category: "conflict" });
  });

  test("detached, and with the size of a terminal", async () => {
    await using harness = new Harness();
    const id = await created(harness, { Tty: true, ConsoleSize: [24, 80] });
    expect(await askOf(harness)(`POST /exec/${id}/resize?h=30&w=90`)).toEqual({ kind: "empty", status: 200 });
    expect(await askOf(harness)(`POST /exec/${id}/start`, { Detach: true, Tty: true })).toEqual({ kind: "empty", status: 200 });
    expect(harness.runtime.execs[0]?.request).toMatchObject({ tty: true, size: { rows: 30, columns: 90 } });
  });

  test.each([
    [{ Cmd: [] }, "No exec command specified"],
    [{ Cmd: "ls" }, "field Cmd: want an array"],
    [{ Cmd: ["ls"], ConsoleSize: [1] }, "invalid ConsoleSize"],
    [{ Cmd: ["ls"], ConsoleSize: [-1, 5] }, "invalid ConsoleSize"],
  ])("%j is refused", async (body, message) => {
    await using harness = new Harness();
    await harness.run("web");
    await expect(askOf(harness)("POST /containers/web/exec", body)).rejects.toThrow(message);
  });

  test("an unknown session", async () => {
    await using harness = new Harness();
    await expect(askOf(harness)("GET /exec/nosuch/json")).rejects.toMatchObject({ category: "not-found" });
    await expect(askOf(harness)("POST /exec/nosuch/resize?h=1&w=1")).rejects.toThrow("No such exec instance: nosuch");
  });
});
