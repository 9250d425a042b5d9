import { describe, expect, test } from "vitest";
import type { HttpHandler } from "./answer.ts";
import { poll, RawClient, startServer } from "./testing.ts";

const seen: string[] = [];
const handle: HttpHandler = async (request) => {
  seen.push(`${request.method} ${request.target}`);
  for await (const _chunk of request.body) continue;
  return { kind: "text", status: 200, body: "<OK>" };
};

const post = (headers: string, body: string): string => `POST /create HTTP/1.1\r\nHost: d\r\n${headers}\r\n${body}`;
const get = (headers: string): string => `GET /_ping HTTP/1.1\r\nHost: d\r\n${headers}\r\n`;

/** What a parser further along might read as a request of its own. */
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: d\r\n\r\n";

const refused: [name: string, request: string, status: number][] = [
  ["Content-Length and Transfer-Encoding", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${SMUGGLED}`), 400],
  ["the same, the other way round", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", `0\r\n\r\n${SMUGGLED}`), 400],
  ["two Content-Lengths", post("Content-Length: 2\r\nContent-Length: 20\r\n", `{}${SMUGGLED}`), 400],
  ["a list of Content-Lengths", post("Content-Length: 2, 20\r\n", `{}${SMUGGLED}`), 400],
  ["a negative Content-Length", post("Content-Length: -1\r\n", "{}"), 400],
  ["a signed Content-Length", post("Content-Length: +2\r\n", "{}"), 400],
  ["a hexadecimal Content-Length", post("Content-Length: 0x2\r\n", "{}"), 400],
  ["another transfer coding", post("Transfer-Encoding: gzip\r\n", SMUGGLED), 400],
  ["chunked that is not last", post("Transfer-Encoding: chunked, gzip\r\n", `0\r\n\r\n${SMUGGLED}`), 400],
  ["an obfuscated transfer coding", post("Transfer-Encoding: xchunked\r\n", `0\r\n\r\n${SMUGGLED}`), 400],
  ["space before the colon", post("Transfer-Encoding : chunked\r\n", `0\r\n\r\n${SMUGGLED}`), 400],
  ["a chunk size that overflows", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\n{}"), 400],
  ["a chunk size that is none", post("Transfer-Encoding: chunked\r\n", `-1\r\n\r\n${SMUGGLED}`), 400],
  ["bare line feeds in chunks", post("Transfer-Encoding: chunked\r\n", `2\n{}\n0\n\n${SMUGGLED}`), 400],
  ["bare line feeds", "GET / HTTP/1.1\nHost: d\n\n", 400],
  ["a folded header", get("X: a\r\n b\r\n").replace("X: a\r\n b", "X: a\r\n\tb: c\r\n\r d"), 400],
  ["a NUL in a header", get("X: a\0b\r\n"), 400],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["a method of its own", "FOO /info HTTP/1.1\r\nHost: d\r\n\r\n", 400],
  ["CONNECT", "CONNECT /info HTTP/1.1\r\nHost: d\r\n\r\n", 405],
  ["a header of 100 kB", get(`X: ${"a".repeat(100_000)}\r\n`), 431],
  ["a URL of 1 MB", `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\nHost: d\r\n\r\n`, 431],
  ["100,000 headers", get("A: b\r\n".repeat(100_000)), 431],
  ["300 short headers", get("A: b\r\n".repeat(300)), 431],
];

describe("malformed requests", () => {
  test.each(refused)("%s", async (_name, request, status) => {
    seen.length = 0;
    await using server = await startServer(handle);
    using client = await server.connect();
    client.send(Buffer.from(request, "latin1"));
    const received = await client.untilEnd();
    expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\nServer: test\r\n[^]*\r\n\r\n\\{"message":".*"\\}\n$`));
    expect(received).not.toContain("<OK>");
    expect(seen).not.toContain("GET /smuggled");
    using after = await server.connect();
    after.send(get(""));
    await after.until("<OK>");
  });

  test("HTTP/2 is hung up on", async () => {
    await using server = await startServer(handle);
    using client = await server.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    expect(await client.untilEnd()).toBe("");
  });

  test("64 MB of header are not read", async () => {
    await using server = await startServer(handle);
    using client = await server.connect();
    client.send(`GET / HTTP/1.1\r\nHost: d\r\nX: ${"a".repeat(64 << 20)}\r\n\r\n`);
    expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 431 /);
  });

  test("a good request before a bad one is answered", async () => {
    await using server = await startServer(handle);
    using client = await server.connect();
    client.send(`${get("")}rubbish\r\n\r\n`);
    expect(await client.untilEnd()).toMatch(/<OK>HTTP\/1.1 400 /);
  });
});

describe("limits", () => {
  test("a head that does not come is not waited for", async () => {
    await using server = await startServer(handle, { headerMs: 50 });
    using silent = await server.connect();
    using slow = await server.connect();
    using kept = await server.connect();
    kept.send(get(""));
    await kept.until("<OK>");
    slow.send("GET / HTTP/1.1\r\nX-");
    expect(await slow.untilEnd()).toMatch(/^HTTP\/1.1 408 /);
    expect(await silent.untilEnd()).toBe("");
    kept.send(get(""));
    expect(
      await poll(
        () => kept.received.split("<OK>").length === 3,
        () => kept.received,
      ),
    ).toBe(true);
  });

  // Two descriptors each; what other test files do in this process may wait with select(2), which knows 1024.
  test("350 half-open requests do not hold up another", async () => {
    await using server = await startServer(handle);
    const clients = await Promise.all(Array.from({ length: 350 }, () => RawClient.connect(server.connectOptions)));
    for (const client of clients) client.send("GET /_ping HTTP/1.1\r\nHost: d\r\nX-");
    using other = await server.connect();
    other.send(get(""));
    expect(await other.until("<OK>")).toMatch(/^HTTP\/1.1 200 /);
    for (const client of clients) client[Symbol.dispose]();
    expect(
      await poll(
        () => server.server.load.connections <= 1,
        () => JSON.stringify(server.server.load),
      ),
    ).toBe(true);
  });

  test("at the limit of connections the one idle longest gives way, and none in use", async () => {
    await using server = await startServer(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { kind: "text", status: 200, body: "<OK>" };
      },
      { connections: 3 },
    );
    using busy = await server.connect();
    busy.send(get(""));
    expect(
      await poll(
        () => server.server.load.requests === 1,
        () => "not there",
      ),
    ).toBe(true);
    using oldest = await server.connect();
    using newer = await server.connect();
    expect(
      await poll(
        () => server.server.load.connections === 3,
        () => "not there",
      ),
    ).toBe(true);
    using newest = await server.connect();
    await oldest.untilEnd();
    newest.send(get(""));
    await newest.until("<OK>");
    expect([busy.received.includes("<OK>"), newer.ended]).toEqual([true, false]);
  });

  test("200 bodies that never come do not hold up another request", async () => {
    await using server = await startServer(handle);
    const clients = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(server.connectOptions)));
    for (const client of clients) client.send(post("Content-Length: 1000000000\r\n", "abc"));
    using other = await server.connect();
    other.send(get(""));
    await other.until("<OK>");
    for (const client of clients) client[Symbol.dispose]();
    expect(
      await poll(
        () => server.server.load.requests === 0,
        () => JSON.stringify(server.server.load),
      ),
    ).toBe(true);
  });
});
