import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HttpServer } from "#http/server.ts";
import { listen, type Listener } from "#http/listen.ts";
import { encodeLine } from "#http/body/ndjson.ts";
import { encodeFrames, type StdPiece } from "#http/body/stdcopy.ts";
import type { Answer, HttpRequest } from "#http/answer.ts";
import { silentLogger } from "#lib/logger.ts";
import { connect, type EngineClient } from "./engine-client.ts";

const folder = mkdtempSync(path.join(tmpdir(), "dhow-sdk-"));
const host = `unix://${folder}/s`;
/** What the daemon is asked, and what it answers to anything but a ping. */
let asked: { line: string; headers: HttpRequest["headers"]; body: string }[] = [];
let answer: (request: HttpRequest) => Answer = () => ({ kind: "empty", status: 204 });
let listener: Listener | undefined;
let server: HttpServer | undefined;
let client: EngineClient = connect(host);

async function handle(request: HttpRequest): Promise<Answer> {
  const body = Buffer.concat(await Array.fromAsync(request.body)).toString();
  asked.push({ line: `${request.method} ${request.target}`, headers: request.headers, body });
  return request.target === "/_ping" ? { kind: "empty", status: 200 } : answer(request);
}

beforeAll(async () => {
  listener = await listen({ kind: "unix", path: path.join(folder, "s") });
  server = new HttpServer({ handle, logger: silentLogger }, { headers: { "Api-Version": "1.55", Ostype: "linux" } });
  server.serve(listener.server, "unix");
});
beforeEach(() => {
  client.close();
  client = connect(host, { apiVersion: [1, 51] });
  asked = [];
});
afterAll(async () => {
  client.close();
  listener?.close();
  await server?.close(0);
  rmSync(folder, { recursive: true });
});

async function* chunks(...values: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* values;
}

const stream = (contentType: string, ...values: Uint8Array[]): Answer => ({
  kind: "stream",
  status: 200,
  contentType,
  body: chunks(...values),
});

function said(pieces: readonly StdPiece[]): string[] {
  return pieces.map(({ stream: name, data }) => `${name}:${Buffer.from(data).toString()}`);
}

const calls: [line: string, call: (client: EngineClient) => Promise<unknown>, body?: object][] = [
  ["GET /v1.51/version", ({ system }) => system.version()],
  ["GET /v1.51/info", ({ system }) => system.info()],
  [
    "POST /v1.51/containers/create?name=web&platform=linux%2Farm64",
    ({ containers }) => containers.create({ Image: "a" }, { name: "web", platform: "linux/arm64" }),
    { Image: "a" },
  ],
  [
    "GET /v1.51/containers/json?all=1&filters=%7B%22label%22%3A%5B%22a%22%5D%7D",
    ({ containers }) => containers.list({ all: true, filters: { label: ["a"] } }),
  ],
  ["GET /v1.51/containers/a%20b/json", ({ containers }) => containers.inspect("a b")],
  ["POST /v1.51/containers/c/start", ({ containers }) => containers.start("c")],
  ["POST /v1.51/containers/c/stop?signal=INT&t=0", ({ containers }) => containers.stop("c", { signal: "INT", timeout: 0 })],
  ["POST /v1.51/containers/c/restart", ({ containers }) => containers.restart("c")],
  ["POST /v1.51/containers/c/kill?signal=HUP", ({ containers }) => containers.kill("c", { signal: "HUP" })],
  ["POST /v1.51/containers/c/pause", ({ containers }) => containers.pause("c")],
  ["POST /v1.51/containers/c/unpause", ({ containers }) => containers.unpause("c")],
  ["POST /v1.51/containers/c/rename?name=d", ({ containers }) => containers.rename("c", "d")],
  ["DELETE /v1.51/containers/c?force=1&v=1", ({ containers }) => containers.remove("c", { force: true, volumes: true })],
  ["GET /v1.51/containers/c/top?ps_args=-ef", ({ containers }) => containers.top("c", "-ef")],
  ["POST /v1.51/containers/c/resize?h=24&w=80", ({ containers }) => containers.resize("c", { rows: 24, columns: 80 })],
  ["POST /v1.51/containers/c/exec", ({ exec }) => exec.create("c", { Cmd: ["sh"] }), { Cmd: ["sh"] }],
  ["POST /v1.51/exec/e/start", ({ exec }) => exec.startDetached("e"), { Detach: true }],
  ["GET /v1.51/exec/e/json", ({ exec }) => exec.inspect("e")],
  ["POST /v1.51/exec/e/resize?h=1&w=2", ({ exec }) => exec.resize("e", { rows: 1, columns: 2 })],
  ["GET /v1.51/images/json?all=0&shared-size=1", ({ images }) => images.list({ all: false, sharedSize: true })],
  ["GET /v1.51/images/reg%3A5000/a/json", ({ images }) => images.inspect("reg:5000/a")],
  ["GET /v1.51/images/a/history", ({ images }) => images.history("a")],
  ["POST /v1.51/images/a/tag?repo=b&tag=c", ({ images }) => images.tag("a", { repo: "b", tag: "c" })],
  ["DELETE /v1.51/images/a?force=1", ({ images }) => images.remove("a", { force: true })],
  ["GET /v1.51/networks", ({ networks }) => networks.list()],
  ["GET /v1.51/networks/n", ({ networks }) => networks.inspect("n")],
  ["POST /v1.51/networks/create", ({ networks }) => networks.create({ Name: "n" }), { Name: "n" }],
  ["DELETE /v1.51/networks/n", ({ networks }) => networks.remove("n")],
  ["POST /v1.51/networks/n/connect", ({ networks }) => networks.connect("n", "c"), { Container: "c" }],
  [
    "POST /v1.51/networks/n/connect",
    ({ networks }) => networks.connect("n", "c", { Aliases: ["a"] }),
    { Container: "c", EndpointConfig: { Aliases: ["a"] } },
  ],
  ["POST /v1.51/networks/n/disconnect", ({ networks }) => networks.disconnect("n", "c"), { Container: "c", Force: false }],
  ["POST /v1.51/networks/prune?filters=%7B%22label%22%3A%5B%22a%22%5D%7D", ({ networks }) => networks.prune({ filters: { label: ["a"] } })],
  ["GET /v1.51/volumes", ({ volumes }) => volumes.list()],
  ["GET /v1.51/volumes/v", ({ volumes }) => volumes.inspect("v")],
  ["POST /v1.51/volumes/create", ({ volumes }) => volumes.create({ Name: "v" }), { Name: "v" }],
  ["DELETE /v1.51/volumes/v?force=1", ({ volumes }) => volumes.remove("v", { force: true })],
  ["POST /v1.51/volumes/prune?filters=%7B%22all%22%3A%5B%22true%22%5D%7D", ({ volumes }) => volumes.prune({ filters: { all: ["true"] } })],
  ["POST /v1.51/containers/prune", ({ containers }) => containers.prune()],
  ["POST /v1.51/images/prune", ({ images }) => images.prune()],
  ["GET /v1.51/containers/c/stats?stream=0&one-shot=1", ({ containers }) => containers.sample("c")],
  ["POST /v1.51/commit?container=c&repo=r&tag=t", ({ containers }) => containers.commit("c", { repo: "r", tag: "t" }), {}],
  [
    "POST /v1.51/commit?container=c&pause=0",
    ({ containers }) => containers.commit("c", { pause: false, config: { Cmd: ["a"] } }),
    { Cmd: ["a"] },
  ],
  ["GET /v1.51/containers/c/stats?stream=1", async ({ containers }) => await Array.fromAsync(await containers.stats("c"))],
  ["GET /v1.51/containers/c/export", async ({ containers }) => await Array.fromAsync(await containers.export("c"))],
  ["GET /v1.51/containers/c/archive?path=%2Fa+b", async ({ containers }) => await Array.fromAsync(await containers.readFiles("c", "/a b"))],
  ["GET /v1.51/images/search?term=x&limit=3", ({ images }) => images.search("x", { limit: 3 })],
  ["GET /v1.51/distribution/reg%3A5000/a%3Alatest/json", ({ images }) => images.distribution("reg:5000/a")],
];

test.each(calls)("%s", async (line, call, body) => {
  answer = () => ({ kind: "json", status: 200, body: {} });
  await call(client);
  expect(asked.map((request) => request.line)).toEqual([line]);
  expect(asked[0]?.body).toBe(body === undefined ? "" : JSON.stringify(body));
});

test.each([
  [
    { ContainersDeleted: ["c"], SpaceReclaimed: 5 },
    { removed: ["c"], reclaimed: 5 },
  ],
  [
    { ImagesDeleted: [{ Untagged: "a:1" }, { Deleted: "sha256:1" }], SpaceReclaimed: 6 },
    { removed: ["sha256:1"], reclaimed: 6 },
  ],
  [
    { VolumesDeleted: null, ContainersDeleted: null },
    { removed: [], reclaimed: 0 },
  ],
])("a prune that is answered %j", async (body, pruned) => {
  answer = () => ({ kind: "json", status: 200, body });
  expect(await client.containers.prune()).toEqual(pruned);
});

test("files of a container: what stands at a path, and an archive into a folder", async () => {
  const stat = { name: "f", size: 3, mode: 420, mtime: "2026-01-01T00:00:00Z", linkTarget: "" };
  const headers = { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
  answer = () => ({ kind: "empty", status: 200, headers });
  expect(await client.containers.stat("c", "/f")).toEqual(stat);
  await client.containers.writeFiles("c", "/d", chunks(Buffer.from("tar")), { noOverwriteDirNonDir: true });
  expect(asked.map(({ line, body }) => [line, body])).toEqual([
    ["HEAD /v1.51/containers/c/archive?path=%2Ff", ""],
    ["PUT /v1.51/containers/c/archive?path=%2Fd&noOverwriteDirNonDir=1", "tar"],
  ]);
  answer = () => ({ kind: "json", status: 200, body: null });
  expect(await client.containers.changes("c")).toEqual([]);
});

describe("versions", () => {
  test("the newest that both know, asked for once", async () => {
    answer = () => ({ kind: "json", status: 200, body: {} });
    using fresh = connect(host);
    await Promise.all([fresh.system.version(), fresh.system.info()]);
    expect(asked.map(({ line }) => line).toSorted()).toEqual(["GET /v1.55/info", "GET /v1.55/version", "HEAD /_ping"]);
    expect(await fresh.system.ping()).toEqual({ apiVersion: "1.55", osType: "linux", builderVersion: "", swarm: "" });
  });

  test.each([
    ["1.41", [1, 41]],
    ["1.99", [1, 55]],
    [undefined, [1, 24]],
  ])("a daemon of %s is spoken to in %j", async (theirs, version) => {
    const old: Server = createServer((_request, response) =>
      response.writeHead(200, theirs === undefined ? {} : { "Api-Version": theirs }).end(),
    );
    old.listen(path.join(folder, "old"));
    await once(old, "listening");
    using fresh = connect(`unix://${folder}/old`);
    expect(await fresh.apiVersion()).toEqual(version);
    old.close();
    old.closeAllConnections();
  });
});

describe("errors", () => {
  test("have the daemon's status and words", async () => {
    answer = () => ({ kind: "error", status: 404, message: "No such container: c" });
    await expect(client.containers.inspect("c")).rejects.toMatchObject({ name: "ApiError", status: 404, message: "No such container: c" });
    await expect(client.containers.attach("c")).rejects.toMatchObject({ name: "ApiError", status: 404, message: "No such container: c" });
  });

  test("have the whole answer when it is not in Docker's form", async () => {
    answer = () => ({ kind: "error", status: 502, message: "bad gateway", form: "text" });
    await expect(client.system.info()).rejects.toMatchObject({ status: 502, message: "bad gateway" });
  });

  test("already so is no error", async () => {
    answer = () => ({ kind: "error", status: 304, message: "" });
    await expect(client.containers.start("c")).resolves.toBeUndefined();
  });

  test("nobody there, in Docker's words, and the next call asks again", async () => {
    using lost = connect(`unix://${folder}/none`);
    const words = `Cannot connect to the Docker daemon at unix://${folder}/none. Is the docker daemon running?`;
    await expect(lost.system.version()).rejects.toMatchObject({ category: "unavailable", message: words });
    await expect(lost.system.version()).rejects.toMatchObject({ category: "unavailable", message: words });
  });

  test("a connection that is not handed over is no session", async () => {
    answer = () => stream("text/plain", Buffer.from("hello"));
    await expect(client.containers.attach("c")).rejects.toThrow("did not hand over the connection");
  });
});

describe("streams", () => {
  const MULTIPLEXED = "application/vnd.docker.multiplexed-stream";
  const frames = encodeFrames([
    { stream: "stdout", data: Buffer.from("out") },
    { stream: "stderr", data: Buffer.from("err") },
  ]);

  test("logs come apart, and those of a terminal in one", async () => {
    answer = () => stream(MULTIPLEXED, frames);
    const logs = await client.containers.logs("c", { follow: true, tail: 5, since: "1.5" });
    expect(said(await Array.fromAsync(logs))).toEqual(["stdout:out", "stderr:err"]);
    expect(asked[0]?.line).toBe("GET /v1.51/containers/c/logs?stdout=1&stderr=1&follow=1&tail=5&since=1.5");
    answer = () => stream("application/vnd.docker.raw-stream", Buffer.from("both"));
    expect(said(await Array.fromAsync(await client.containers.logs("c", { stderr: false })))).toEqual(["stdout:both"]);
  });

  test("attach and exec give the connection", async () => {
    answer = () => ({
      kind: "hijack",
      contentType: MULTIPLEXED,
      run: async (connection) => {
        const typed = await text(connection);
        connection.write(encodeFrames([{ stream: "stdout", data: Buffer.from(typed.toUpperCase()) }]));
      },
    });
    const attached = await client.containers.attach("c", { stdin: true });
    attached.stream.end("hello");
    expect([attached.multiplexed, ...said(await Array.fromAsync(attached.output()))]).toEqual([true, "stdout:HELLO"]);
    const session = await client.exec.start("e", { Tty: false });
    session.stream.end("exec");
    expect(said(await Array.fromAsync(session.output()))).toEqual(["stdout:EXEC"]);
    expect(asked.map(({ line, body }) => `${line} ${body}`)).toEqual([
      "POST /v1.51/containers/c/attach?stream=1&stdin=1&stdout=1&stderr=1&logs=0 ",
      'POST /v1.51/exec/e/start {"Tty":false,"Detach":false}',
    ]);
  });

  test("a wait is registered before it is over", async () => {
    let end: (() => void) | undefined;
    answer = () => ({
      kind: "stream",
      status: 200,
      contentType: "application/json",
      body: (async function* () {
        await new Promise<void>((resolve) => (end = resolve));
        yield encodeLine({ StatusCode: 137 });
      })(),
    });
    const { exit } = await client.containers.waiting("c", { condition: "next-exit" });
    expect(asked[0]?.line).toBe("POST /v1.51/containers/c/wait?condition=next-exit");
    end?.();
    expect(await exit).toEqual({ StatusCode: 137 });
  });

  test("events come one by one, until the signal", async () => {
    answer = ({ signal }) => ({
      kind: "stream",
      status: 200,
      contentType: "application/json",
      body: (async function* () {
        yield encodeLine({ Type: "container", Action: "start" });
        await once(signal, "abort");
      })(),
    });
    const stop = new AbortController();
    const events = await client.system.events({ since: "0", filters: { type: ["container"] }, signal: stop.signal });
    expect((await events.next()).value).toEqual({ Type: "container", Action: "start" });
    setTimeout(() => stop.abort(), 10);
    await expect(events.next()).rejects.toThrow("aborted");
  });

  test("a pull asks for one tag, with its credentials, and ends with the error that a line tells", async () => {
    answer = () =>
      stream(
        "application/json",
        encodeLine({ status: "Pulling", id: "latest" }),
        encodeLine({ error: "x", errorDetail: { message: "manifest unknown" } }),
      );
    const progress = await client.images.pull("busybox", { auth: { username: "u", password: "p" } });
    expect((await progress.next()).value).toEqual({ status: "Pulling", id: "latest" });
    await expect(progress.next()).rejects.toMatchObject({ name: "ApiError", status: 500, message: "manifest unknown" });
    expect(asked[0]?.line).toBe("POST /v1.51/images/create?fromImage=busybox%3Alatest");
    expect(Buffer.from(String(asked[0]?.headers["x-registry-auth"]), "base64url").toString()).toBe('{"username":"u","password":"p"}');
  });

  test("load and import send the archive as it comes", async () => {
    answer = () => stream("application/json", encodeLine({ stream: "Loaded image: a:latest\n" }));
    const loaded = await client.images.load(chunks(Buffer.from("tar "), Buffer.from("bytes")));
    expect(await Array.fromAsync(loaded)).toEqual([{ stream: "Loaded image: a:latest\n" }]);
    const imported = await client.images.import(chunks(Buffer.from("tar")), { repo: "a", changes: ["CMD sh", "USER x"] });
    await Array.fromAsync(imported);
    expect(asked.map(({ line, body, headers }) => `${line} ${body} ${String(headers["content-type"])}`)).toEqual([
      "POST /v1.51/images/load?quiet=0 tar bytes application/x-tar",
      "POST /v1.51/images/create?fromSrc=-&repo=a&changes=CMD+sh&changes=USER+x tar application/x-tar",
    ]);
  });
});
