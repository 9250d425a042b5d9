import http from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { Answer, HttpHandler } from "./answer.ts";
import { poll, startServer } from "./testing.ts";

const get = (target: string, more = ""): string => `GET ${target} HTTP/1.1\r\nHost: d\r\n${more}\r\n`;
const post = (target: string, body: string, more = ""): string =>
  `POST ${target} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

const echo: HttpHandler = async (request) => ({
  kind: "json",
  status: 200,
  body: { got: (await request.json()) ?? null, at: request.target },
});
const always =
  (answer: Answer): HttpHandler =>
  () =>
    Promise.resolve(answer);

const answers: [name: string, answer: Answer, expected: RegExp[], absent?: RegExp][] = [
  [
    "json",
    { kind: "json", status: 201, body: { Id: "é" } },
    [/^HTTP\/1.1 201 Created/, /Content-Type: application\/json\r\n/, /Content-Length: 12\r\n/, /\{"Id":"Ã©"\}\n$/],
  ],
  ["text", { kind: "text", status: 200, body: "OK" }, [/^HTTP\/1.1 200 OK/, /Content-Type: text\/plain; charset=utf-8/, /\r\n\r\nOK$/]],
  ["empty", { kind: "empty", status: 204 }, [/^HTTP\/1.1 204 No Content/, /\r\n\r\n$/], /Content-Length|chunked/],
  ["empty with headers", { kind: "empty", status: 200, headers: { "X-A": "b" } }, [/X-A: b\r\n/, /Content-Length: 0\r\n/]],
  ["not modified", { kind: "error", status: 304, message: "already" }, [/^HTTP\/1.1 304/, /\r\n\r\n$/], /already/],
  ["an error", { kind: "error", status: 409, message: "in use" }, [/^HTTP\/1.1 409 Conflict/, /\r\n\r\n\{"message":"in use"\}\n$/]],
  [
    "an error for an old client",
    { kind: "error", status: 400, message: "too old", form: "text" },
    [/Content-Type: text\/plain/, /\r\n\r\ntoo old\n$/],
  ],
];

describe("answers", () => {
  test.each(answers)("%s", async (_name, answer, expected, absent) => {
    await using server = await startServer(always(answer));
    using client = await server.connect();
    client.send(get("/x", "Connection: close\r\n"));
    const received = await client.untilEnd();
    expect(received).toMatch(/\r\nServer: test\r\n/);
    for (const pattern of expected) expect(received).toMatch(pattern);
    expect(received).not.toMatch(absent ?? /never/);
  });

  test("a handler that throws is a bare 500", async () => {
    await using server = await startServer(() => Promise.reject(new Error("secret path")));
    using client = await server.connect();
    client.send(get("/x"));
    expect(await client.until("}\n")).toMatch(/^HTTP\/1.1 500 [^]*\{"message":"internal error"\}\n$/);
  });
});

describe("connections", () => {
  test("are kept, and pipelined requests are answered in order, one at a time", async () => {
    let running = 0;
    let most = 0;
    await using server = await startServer(async (request) => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, request.target === "/1" ? 30 : 1));
      running -= 1;
      return { kind: "text", status: 200, body: `<${request.target}>` };
    });
    using client = await server.connect();
    client.send(get("/1") + post("/2", "{}") + "\r\n" + get("/3"));
    await client.until("</3>");
    expect(client.received.match(/<.*?>/g)).toEqual(["</1>", "</2>", "</3>"]);
    expect(most).toBe(1);
  });

  test("take a chunked body, and the next request behind it", async () => {
    await using server = await startServer(echo);
    using client = await server.connect();
    const head = "POST /1 HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(`${head}4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n${get("/2")}`);
    expect(await client.until('"/2"}')).toContain('{"got":{"a":1},"at":"/1"}');
  });

  test("take a request in single bytes", async () => {
    await using server = await startServer(echo);
    using client = await server.connect();
    for (const byte of post("/1", '{"a":1}')) client.send(byte);
    expect(await client.until("}\n")).toContain('{"got":{"a":1},"at":"/1"}');
  });

  test("hold more pipelined requests than memory should", async () => {
    await using server = await startServer(echo, {}, "tcp");
    using client = await server.connect();
    const count = 2000;
    client.send(get("/1").repeat(count) + get("/2", "Connection: close\r\n"));
    expect((await client.untilEnd()).split("HTTP/1.1 200")).toHaveLength(count + 2);
  });

  test("survive a body that nobody reads", async () => {
    await using server = await startServer(always({ kind: "text", status: 200, body: "<done>" }));
    using client = await server.connect();
    client.send(post("/1", " ".repeat(200_000)) + get("/2"));
    expect(
      await poll(
        () => client.received.split("<done>").length === 3,
        () => client.received,
      ),
    ).toBe(true);
  });

  test("are closed after a body that is too long to skip", async () => {
    await using server = await startServer(always({ kind: "error", status: 400, message: "no" }));
    using client = await server.connect();
    client.send(`${post("/1", "").replace("Content-Length: 0", "Content-Length: 900000000")}abc`);
    expect(await client.untilEnd()).toMatch(/400 Bad Request[^]*Connection: close[^]*"no"/);
  });

  test("a body that is read in part can be answered", async () => {
    await using server = await startServer(async (request) => {
      for await (const chunk of request.body) return { kind: "text", status: 200, body: `<${chunk.length > 0}>` };
      return { kind: "empty", status: 204 };
    });
    using client = await server.connect();
    client.send(post("/1", " ".repeat(150_000)) + post("/2", " ".repeat(150_000)));
    expect(
      await poll(
        () => client.received.split("<true>").length === 3,
        () => client.received,
      ),
    ).toBe(true);
  });

  test("wait for a client that asks before it sends", async () => {
    await using server = await startServer(echo);
    using client = await server.connect();
    client.send(post("/1", "{}", "Expect: 100-continue\r\n").slice(0, -2));
    await client.until("100 Continue");
    client.send("{}");
    expect(await client.until("}\n")).toContain('{"got":{},"at":"/1"}');
  });

  test("Node's own client keeps them", async () => {
    await using server = await startServer(echo);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < 3; round += 1) {
      const response = await new Promise<http.IncomingMessage>((resolve) => {
        http.get({ socketPath: (server.connectOptions as { path: string }).path, path: `/${round}`, agent }, resolve);
      });
      expect(await text(response)).toContain(`/${round}`);
    }
    expect(server.server.load.connections).toBe(1);
    agent.destroy();
  });
});

describe("json()", () => {
  const bodies: [name: string, request: string, status: number, message: RegExp][] = [
    ["malformed", post("/", '{"Image":'), 400, /invalid JSON/],
    ["two values", post("/", "{}{}"), 400, /invalid JSON/],
    ["duplicate keys", post("/", '{"a":1,"a":2}'), 400, /duplicate key/],
    ["a byte-order mark", post("/", "ï»¿{}"), 400, /invalid JSON/],
    [
      "another content type",
      post("/", "{}").replace("application/json", "text/plain"),
      400,
      /unsupported Content-Type header \(text\/plain\): must be 'application\/json'/,
    ],
    ["no content type", post("/", "{}").replace("Content-Type: application/json\r\n", ""), 400, /malformed Content-Type header \(\)/],
    ["too long, announced", post("/", " ".repeat(2000)), 413, /larger than 1000 bytes/],
    [
      "too long, in chunks",
      `${post("/", "").replace("Content-Length: 0", "Transfer-Encoding: chunked")}7d0\r\n${" ".repeat(2000)}\r\n0\r\n\r\n`,
      413,
      /larger than 1000 bytes/,
    ],
  ];
  const handle: HttpHandler = async (request) => {
    try {
      return await echo(request);
    } catch (error) {
      const { category, message } = error as { category: string; message: string };
      return { kind: "error", status: category === "too-large" ? 413 : 400, message };
    }
  };

  test.each(bodies)("refuses %s", async (_name, request, status, message) => {
    await using server = await startServer(handle, { jsonBytes: 1000 });
    using client = await server.connect();
    client.send(Buffer.from(request, "latin1"));
    const received = await client.until("}\n");
    expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(received).toMatch(message);
  });

  test.each([
    ["no body", "POST / HTTP/1.1\r\nHost: d\r\n\r\n"],
    ["an empty body", post("/", "")],
    ["an empty chunked body", `${post("/", "").replace("Content-Length: 0", "Transfer-Encoding: chunked")}0\r\n\r\n`],
  ])("%s is undefined", async (_name, request) => {
    await using server = await startServer(handle);
    using client = await server.connect();
    client.send(request);
    expect(await client.until("}\n")).toContain('{"got":null');
  });

  test("__proto__ is a key like any other", async () => {
    await using server = await startServer(async (request) => {
      const body = (await request.json()) as Record<string, unknown>;
      return { kind: "json", status: 200, body: [Object.keys(body), Object.getPrototypeOf(body) === Object.prototype, "x" in {}] };
    });
    using client = await server.connect();
    client.send(post("/", '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'));
    expect(await client.until("]\n")).toContain('[["__proto__","constructor"],true,false]');
  });

  test("does not wait for ever", async () => {
    await using server = await startServer(handle, { jsonMs: 30 });
    using client = await server.connect();
    client.send(post("/", "{}").slice(0, -1));
    expect(await client.untilEnd()).toMatch(/400 [^]*did not arrive within 0.03 s/);
  });
});
