import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import Dockerode from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HttpClient } from "#http/client.ts";
import type { Logger } from "#lib/logger.ts";
import { createApi } from "./server.ts";
import { talkingRoutes } from "./testing.ts";

const folder = mkdtempSync(path.join(tmpdir(), "dhow-api-"));
const socketPath = path.join(folder, "api.sock");
const logged: string[] = [];
const write = (level: string) => (context: object, message: string) =>
  void logged.push(`${level} ${message} ${JSON.stringify(context)} ${(context as { err?: Error }).err?.message ?? ""}`);
const logger: Logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), child: () => logger };
const api = createApi({ routes: talkingRoutes, logger }, { engineVersion: "28.0.0" });
const client = new HttpClient({ kind: "unix", path: socketPath });

beforeAll(() => api.listen({ kind: "unix", path: socketPath }));
afterAll(async () => {
  client.close();
  await api.close(100);
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function ask(line: string, body?: string, headers: Record<string, string> = {}): Promise<Asked> {
  const [method = "", target = ""] = line.split(" ");
  const type: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await client.request({ method, path: target, body, headers: { ...type, ...headers } });
  return { status: response.status, headers: response.headers, body: await text(response.body) };
}

const message = (words: string): string => `${JSON.stringify({ message: words })}\n`;
const TOO_NEW = "client version 1.99 is too new. Maximum supported API version is 1.55";
const TOO_OLD = "client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version";

const rows: [line: string, status: number, body: string][] = [
  ["GET /_ping", 200, "OK"],
  ["HEAD /_ping", 200, ""],
  ["GET /v1.24/_ping", 200, "OK"],
  ["GET /version", 200, '{"ApiVersion":"1.55","Asked":"1.55"}\n'],
  ["GET /v1.41/version", 200, '{"ApiVersion":"1.55","Asked":"1.41"}\n'],
  ["GET /v1.99/version", 400, message(TOO_NEW)],
  ["GET /v1.10/version", 400, `${TOO_OLD}\n`],
  ["GET /v1.99/none", 404, message("page not found")],
  ["GET /none", 404, message("page not found")],
  ["GET /vx/info", 404, message("page not found")],
  ["PUT /version", 404, message("page not found")],
  ["OPTIONS /info", 404, message("page not found")],
  ["GET /young", 200, "{}\n"],
  ["GET /v1.54/young", 404, message("page not found")],
  ["POST /v1.55/containers/x/start", 204, ""],
  ["POST /containers/x/pause", 304, ""],
  ["GET /containers/a%2520b/json", 404, message("No such container: a%20b")],
  ["GET /containers/%00/json", 400, message('invalid path "/containers/%00/json"')],
  ["GET /bug", 500, message("internal error: see the daemon's log")],
  ["GET /images/registry.example:5000/a/b:1/json", 200, '{"Id":"registry.example:5000/a/b:1","Size":5}\n'],
];

describe("the front door", () => {
  test.each(rows)("%s is %i", async (line, status, body) => {
    const answer = await ask(line);
    expect([answer.status, answer.body]).toEqual([status, body]);
    expect(answer.headers).toMatchObject({
      "api-version": "1.55",
      "docker-experimental": "false",
      ostype: "linux",
      server: "Docker/28.0.0 (linux)",
    });
  });

  test("shapes requests and answers for old clients", async () => {
    const body = JSON.stringify({ Image: "busybox", HostConfig: { Annotations: { a: "b" } } });
    const newest = await ask("POST /containers/create", body);
    const old = await ask("POST /v1.42/containers/create", body);
    expect([newest.body, old.body]).toEqual([
      expect.stringContaining('"Seen":{"Annotations":{"a":"b"}}'),
      expect.stringContaining('"Seen":{}'),
    ]);
    expect(JSON.parse((await ask("GET /v1.48/info")).body)).not.toHaveProperty("FirewallBackend");
  });

  test("refuses browsers", async () => {
    const answer = await ask("GET /info", undefined, { Origin: "http://evil.example" });
    expect([answer.status, answer.body]).toEqual([403, message("cross-origin requests are refused")]);
  });

  test("logs every request, faults with their cause, and no secrets", async () => {
    logged.length = 0;
    await ask("POST /v1.51/images/create?fromImage=x&secret=SECRET1", undefined, {
      "X-Registry-Auth": "SECRET2",
      Authorization: "SECRET3",
    });
    await ask("GET /bug?SECRET4");
    expect(logged.join("\n")).toMatch(/debug api request .*"method":"POST","path":"\/images\/create","version":"1.51","status":200/);
    expect(logged.join("\n")).toMatch(/error the handler of an api request failed .*"path":"\/bug".*secret of \/var\/lib/);
    expect(logged.join("\n")).not.toContain("SECRET");
  });
});

describe("dockerode", () => {
  const docker = new Dockerode({ socketPath });
  const container = docker.getContainer("c");

  /** Types, ends, and gives what came on each stream. */
  async function talk(stream: NodeJS.ReadWriteStream): Promise<[string, string]> {
    const [out, err] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, out, err);
    stream.write("hello ");
    setTimeout(() => stream.end("world\n"), 30);
    stream.once("end", () => {
      out.end();
      err.end();
    });
    return Promise.all([text(out), text(err)]);
  }

  test("attaches with hijack", async () => {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    expect(await talk(stream)).toEqual(["hello world\n", "12 bytes"]);
  });

  test("attaches without hijack, and what is typed arrives", async () => {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true });
    const out = new PassThrough();
    docker.modem.demuxStream(stream, out, out);
    stream.write("hello world\n");
    const [first] = (await new Promise((resolve) => out.once("data", (data: Buffer) => resolve([data])))) as [Buffer];
    expect(first.toString()).toBe("hello world\n");
    (stream as unknown as { destroy(): void }).destroy();
  });

  test("runs an exec session both ways", async () => {
    const exec = await container.exec({ Cmd: ["sh"], AttachStdin: true, AttachStdout: true });
    expect(await talk(await exec.start({ hijack: true, stdin: true }))).toEqual(["hello world\n", "12 bytes"]);
    const output = await exec.start({ Detach: false, Tty: false });
    expect(output).toBeDefined();
    output.destroy();
  });

  test("reads errors, waits, logs and events", async () => {
    await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404, json: { message: "No such container: c" } });
    await expect(docker.createContainer({ Image: "nosuch" })).rejects.toThrow("No such image: nosuch:latest");
    expect(await container.wait()).toEqual({ StatusCode: 3 });
    const logs = await container.logs({ stdout: true, stderr: true, follow: false });
    expect(logs.subarray(8, 12).toString()).toBe("out\n");
    const events = (await docker.getEvents()) as NodeJS.ReadableStream & { destroy(): void };
    const first = await new Promise<string>((resolve) => events.once("data", (data: Buffer) => resolve(data.toString())));
    expect(JSON.parse(first.split("\n")[0] ?? "")).toMatchObject({ Action: "start" });
    events.destroy();
  });
});
