import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { HttpHandler } from "./answer.ts";
import { poll, startServer } from "./testing.ts";

const GET = "GET /events HTTP/1.1\r\nHost: d\r\n\r\n";

const streaming =
  (body: (signal: AbortSignal) => AsyncIterable<Uint8Array>): HttpHandler =>
  async (request) => ({ kind: "stream", status: 200, contentType: "application/json", body: body(request.signal) });

function never(signal: AbortSignal): Promise<unknown> {
  return once(signal, "abort");
}

describe("a stream", () => {
  test("has its headers at once, before there is anything to send", async () => {
    await using server = await startServer(
      streaming(async function* (signal) {
        await never(signal);
        yield Buffer.from("late");
      }),
    );
    using client = await server.connect();
    client.send(GET);
    expect(await client.until("\r\n\r\n")).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Content-Type: application\/json\r\n/);
  });

  test("sends each chunk when it is there, and keeps the connection", async () => {
    let next: (() => void) | undefined;
    await using server = await startServer(
      streaming(async function* () {
        yield Buffer.from("one");
        await new Promise<void>((resolve) => (next = resolve));
        yield Buffer.alloc(0);
        yield Buffer.from("two");
      }),
    );
    using client = await server.connect();
    client.send(GET);
    await client.until("3\r\none\r\n");
    next?.();
    await client.until("3\r\ntwo\r\n0\r\n\r\n");
    client.send(GET);
    expect(
      await poll(
        () => client.received.split("one").length === 3,
        () => client.received,
      ),
    ).toBe(true);
  });

  test("that fails ends without its last chunk", async () => {
    await using server = await startServer(
      streaming(async function* () {
        yield Buffer.from("one");
        throw new Error("disk gone");
      }),
    );
    using client = await server.connect();
    client.send(GET);
    const received = await client.untilEnd();
    expect(received).toMatch(/3\r\none\r\n$/);
    expect(received).not.toContain("disk gone");
  });

  test("stops when the client goes, and the generator is ended", async () => {
    const seen: string[] = [];
    await using server = await startServer(
      streaming(async function* (signal) {
        signal.addEventListener("abort", () => seen.push("aborted"));
        try {
          for (;;) {
            yield Buffer.from("tick");
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        } finally {
          seen.push("ended");
        }
      }),
    );
    const client = await server.connect();
    client.send(GET);
    await client.until("tick");
    client.socket.destroy();
    expect(
      await poll(
        () => seen.length === 2,
        () => seen.join(),
      ),
    ).toBe(true);
    expect(server.server.load.requests).toBe(0);
  });

  test("stops when a client that reads nothing new goes", async () => {
    let aborted = false;
    await using server = await startServer(
      streaming(async function* (signal) {
        yield Buffer.from("first");
        await never(signal);
        aborted = true;
      }),
    );
    const client = await server.connect();
    client.send(GET);
    await client.until("first");
    client.socket.end();
    expect(
      await poll(
        () => aborted,
        () => "not aborted",
      ),
    ).toBe(true);
  });

  test("waits for a slow reader", async () => {
    let sent = 0;
    await using server = await startServer(
      streaming(async function* () {
        for (; sent < 400; sent += 1) yield Buffer.alloc(64 * 1024, "x");
      }),
    );
    using client = await server.connect();
    client.socket.pause();
    client.send(GET.replace("Host", "Connection: close\r\nHost"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const whilePaused = sent;
    client.socket.resume();
    const received = await client.untilEnd();
    expect(whilePaused).toBeLessThan(50);
    expect(received.length).toBeGreaterThan(400 * 64 * 1024);
    expect(received.endsWith("\r\n0\r\n\r\n")).toBe(true);
  });
});

describe("close", () => {
  test("ends streams at once, lets a request finish, and ends idle connections", async () => {
    let release: (() => void) | undefined;
    await using server = await startServer(async (request) => {
      if (request.target === "/events") {
        return {
          kind: "stream",
          status: 200,
          contentType: "x/y",
          body: (async function* () {
            await never(request.signal);
            yield Buffer.alloc(0);
          })(),
        };
      }
      await new Promise<void>((resolve) => (release = resolve));
      return { kind: "text", status: 200, body: "<finished>" };
    });
    using idle = await server.connect();
    using events = await server.connect();
    using slow = await server.connect();
    events.send(GET);
    slow.send("POST /stop HTTP/1.1\r\nHost: d\r\n\r\n");
    await events.until("200 OK");
    expect(
      await poll(
        () => release !== undefined,
        () => "not called",
      ),
    ).toBe(true);
    const closed = server.server.close(5000);
    await idle.untilEnd();
    await events.untilEnd();
    expect(slow.ended).toBe(false);
    release?.();
    expect(await slow.untilEnd()).toContain("<finished>");
    await closed;
  });

  test("does not wait for a request longer than it was told", async () => {
    const reasons: unknown[] = [];
    await using server = await startServer(async (request) => {
      await never(request.signal);
      reasons.push(request.signal.reason);
      return { kind: "error", status: 503, message: "closing" };
    });
    using client = await server.connect();
    client.send(GET);
    expect(
      await poll(
        () => server.server.load.requests === 1,
        () => "not there",
      ),
    ).toBe(true);
    await server.server.close(30);
    expect(await client.untilEnd()).toContain("closing");
    expect(reasons).toHaveLength(1);
  });
});
