import { once } from "node:events";
import http from "node:http";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { HttpHandler } from "./answer.ts";
import { poll, type RawClient, startServer } from "./testing.ts";

const RAW = "application/vnd.docker.raw-stream";

/** Shouts what is typed, and says `<end>` when the typing ends. */
async function shout(stream: Duplex): Promise<void> {
  for await (const chunk of stream) stream.write(String(chunk).toUpperCase());
  stream.write("<end>");
}

const hijacking =
  (run: (stream: Duplex) => Promise<void>): HttpHandler =>
  async (request) => {
    if (request.target === "/plain") return { kind: "text", status: 200, body: "<plain>" };
    if (request.headers["content-type"] === "application/json") await request.json();
    return { kind: "hijack", contentType: RAW, run };
  };

const request = (headers: string, body = ""): string => `POST /attach HTTP/1.1\r\nHost: d\r\n${headers}\r\n${body}`;

const shapes: [name: string, request: string, status: RegExp][] = [
  [
    "docker's attach: an upgrade without a body",
    request("Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n"),
    /^HTTP\/1.1 101 UPGRADED\r\n/,
  ],
  [
    "docker's exec: an upgrade with a body",
    request("Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 2\r\n", "{}"),
    /^HTTP\/1.1 101 UPGRADED\r\n/,
  ],
  [
    "dockerode with hijack: a chunked body",
    request("Connection: Upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    /^HTTP\/1.1 101 UPGRADED\r\n/,
  ],
  [
    "dockerode without: no upgrade, a body",
    request("Content-Type: application/json\r\nContent-Length: 2\r\n", "{}"),
    /^HTTP\/1.1 200 OK\r\n/,
  ],
  ["curl: no upgrade, no body", request(""), /^HTTP\/1.1 200 OK\r\n/],
  ["HTTP/1.0", request("Content-Length: 2\r\n", "{}").replace("HTTP/1.1", "HTTP/1.0"), /^HTTP\/1.1 200 OK\r\n/],
  ["a body that the handler does not read", request("Content-Length: 150000\r\n", " ".repeat(150_000)), /^HTTP\/1.1 200 OK\r\n/],
];

async function talk(client: RawClient): Promise<string> {
  client.send("hello\n");
  await client.until("HELLO\n");
  client.send("GET / HTTP/1.1\r\n\r\n");
  await client.until("GET / HTTP/1.1\r\n\r\n");
  client.socket.end();
  return client.untilEnd();
}

describe.each(["unix", "tcp"] as const)("hijack over %s", (kind) => {
  test.each(shapes)("%s", async (_name, head, status) => {
    await using server = await startServer(hijacking(shout), {}, kind);
    using client = await server.connect();
    client.send(head);
    const received = await client.until("\r\n\r\n");
    expect(received).toMatch(status);
    expect(received).toContain(`\r\nContent-Type: ${RAW}\r\n`);
    expect(received).toContain("\r\nServer: test\r\n");
    expect(received).not.toMatch(/chunked|content-length/i);
    expect(received.includes("Connection: Upgrade\r\nUpgrade: tcp\r\n")).toBe(head.includes("Upgrade"));
    expect(await talk(client)).toMatch(/<end>$/);
  });

  test.each(shapes)("%s, typed ahead and ended in the same packet", async (_name, head, status) => {
    await using server = await startServer(hijacking(shout), {}, kind);
    using client = await server.connect();
    client.send(`${head}typed ahead`);
    client.socket.end();
    expect(await client.untilEnd()).toMatch(new RegExp(`${status.source}[^]*\r\n\r\nTYPED AHEAD<end>$`));
  });
});

describe("a hijacked connection", () => {
  test("may have had requests before", async () => {
    await using server = await startServer(hijacking(shout));
    using client = await server.connect();
    client.send(`GET /plain HTTP/1.1\r\nHost: d\r\n\r\n${request("Upgrade: tcp\r\nConnection: Upgrade\r\n")}typed`);
    await client.until("TYPED");
    client.socket.end();
    expect(await client.untilEnd()).toMatch(/<plain>[^]*101 UPGRADED[^]*TYPED<end>$/);
  });

  test("keeps its output after the client's half-close", async () => {
    const lines = async (stream: Duplex): Promise<void> => {
      await text(stream);
      for (let line = 0; line < 5; line += 1) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        stream.write(`line ${line}\n`);
      }
    };
    await using server = await startServer(hijacking(lines));
    using client = await server.connect();
    client.send(request("Upgrade: tcp\r\nConnection: Upgrade\r\n"));
    await client.until("101");
    client.socket.end();
    expect(await client.untilEnd()).toContain("line 0\nline 1\nline 2\nline 3\nline 4\n");
  });

  test("is ended by the server when the handler returns, after the last byte", async () => {
    const size = 5_000_000;
    await using server = await startServer(
      hijacking(async (stream) => {
        stream.write(Buffer.alloc(size, "x"));
      }),
    );
    using client = await server.connect();
    client.send(request("Upgrade: tcp\r\nConnection: Upgrade\r\n"));
    const received = await client.untilEnd();
    expect(received.length - received.indexOf("\r\n\r\n") - 4).toBe(size);
  });

  test("is closed when the client does not end its side, and what it still sends does no harm", async () => {
    await using server = await startServer(
      hijacking(() => Promise.resolve()),
      { lingerMs: 50 },
    );
    using client = await server.connect();
    client.send(request("Upgrade: tcp\r\nConnection: Upgrade\r\n"));
    await client.untilEnd();
    client.send("x".repeat(100_000));
    expect(
      await poll(
        () => server.server.load.connections === 0,
        () => JSON.stringify(server.server.load),
      ),
    ).toBe(true);
  });

  test("aborts the signal when the client is gone, and not at its half-close", async () => {
    let aborted = false;
    await using server = await startServer(async (request) => ({
      kind: "hijack",
      contentType: RAW,
      run: async (stream) => {
        request.signal.addEventListener("abort", () => (aborted = true));
        stream.resume();
        await once(stream, "close");
      },
    }));
    using client = await server.connect();
    client.send(request("Upgrade: tcp\r\nConnection: Upgrade\r\n"));
    await client.until("101");
    client.socket.end();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(aborted).toBe(false);
    client.socket.destroy();
    await server.server.close(0);
    expect(aborted).toBe(true);
  });

  test("whose handler fails is closed", async () => {
    await using server = await startServer(hijacking(() => Promise.reject(new Error("gone wrong"))));
    using client = await server.connect();
    client.send(request(""));
    expect(await client.untilEnd()).not.toContain("gone wrong");
    expect(
      await poll(
        () => server.server.load.requests === 0,
        () => JSON.stringify(server.server.load),
      ),
    ).toBe(true);
  });

  test("is not made for a handler that refuses first", async () => {
    await using server = await startServer(() => Promise.resolve({ kind: "error", status: 409, message: "Container x is not running" }));
    using client = await server.connect();
    client.send(request("Upgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: 2\r\n", "{}"));
    expect(await client.until("}\n")).toMatch(/^HTTP\/1.1 409 Conflict/);
  });

  test("has back-pressure both ways", async () => {
    let written = 0;
    const flood = async (stream: Duplex): Promise<void> => {
      const chunk = Buffer.alloc(64 * 1024);
      while (!stream.destroyed) {
        written += chunk.length;
        if (!stream.write(chunk)) await Promise.race([once(stream, "drain"), once(stream, "close")]);
      }
    };
    await using server = await startServer(hijacking(flood));
    using client = await server.connect();
    client.socket.pause();
    client.send(request("Upgrade: tcp\r\nConnection: Upgrade\r\n"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(4_000_000);
    let accepted = 0;
    while (client.socket.write(Buffer.alloc(64 * 1024)) && accepted < 8_000_000) accepted += 64 * 1024;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.socket.writableLength).toBeGreaterThan(0);
  });

  test("serves Node's own client", async () => {
    await using server = await startServer(hijacking(shout));
    const { path: socketPath } = server.connectOptions as { path: string };
    const client = http.request({
      socketPath,
      method: "POST",
      path: "/attach",
      headers: { Connection: "Upgrade", Upgrade: "tcp", "Content-Type": "application/json" },
    });
    client.end("{}");
    const [response, socket] = (await once(client, "upgrade")) as [http.IncomingMessage, Duplex];
    expect(response.statusCode).toBe(101);
    socket.end("hello");
    expect(await text(socket)).toBe("HELLO<end>");
  });

  test("a client that leaves before the answer gets none", async () => {
    let ran = false;
    let release: (() => void) | undefined;
    await using server = await startServer(async (request) => {
      await new Promise<void>((resolve, reject) => {
        release = resolve;
        request.signal.addEventListener("abort", () => reject(new EngineError("cancelled", "gone")));
      });
      return { kind: "hijack", contentType: RAW, run: async () => void (ran = true) };
    });
    const client = await server.connect();
    client.send(request(""));
    expect(
      await poll(
        () => release !== undefined,
        () => "not called",
      ),
    ).toBe(true);
    client.socket.destroy();
    expect(
      await poll(
        () => server.server.load.connections + server.server.load.requests === 0,
        () => JSON.stringify(server.server.load),
      ),
    ).toBe(true);
    expect(ran).toBe(false);
  });
});
