import { readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { bodyDecoder } from "#lib/body-decoder.ts";
import type { LentBody } from "#lib/byte-source.ts";
import type { HttpHandler, HttpRequest } from "./answer.ts";
import { poll, startServer } from "./testing.ts";

const put = (headers: string, body: string, query = ""): string => `PUT /archive${query} HTTP/1.1\r\nHost: d\r\n${headers}\r\n${body}`;
const sized = (body: string, query = ""): string => put(`Content-Length: ${body.length}\r\n`, body, query);
const chunked = (body: string, query = ""): string =>
  put("Transfer-Encoding: chunked\r\n", `${body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`, query);
const GET = "GET /after HTTP/1.1\r\nHost: d\r\n\r\n";

/** What a thread does, as slowly as this loop allows: reads the descriptor to the body's end, and more where more is there. */
async function readLent(body: LentBody): Promise<string> {
  const { fd, start, coding } = body;
  const decoder = bodyDecoder(coding);
  let content = "";
  let bytes: Uint8Array = start;
  for (;;) {
    for (let at = 0; at < bytes.length;) {
      const piece = decoder.next(bytes, at, bytes.length);
      content += Buffer.from(bytes.subarray(piece.start, piece.end)).toString("latin1");
      at = piece.end;
      if (!decoder.done) continue;
      body.giveBack(bytes.subarray(at));
      return content;
    }
    bytes = await readSome(fd);
    if (bytes.length === 0) {
      body.giveBack(undefined);
      throw new Error("ended early");
    }
  }
}

async function readSome(fd: number): Promise<Buffer> {
  const buffer = Buffer.alloc(1000);
  for (;;) {
    try {
      return buffer.subarray(0, readSync(fd, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await sleep(1);
    }
  }
}

const lent: string[] = [];

/** Answers with the length of the body, which it has read off the socket itself; or as the query says. */
const handle: HttpHandler = async (request) => {
  if (request.method === "GET") return text("after");
  if (request.target.includes("?read")) return text(`${(await readAll(request)).length} read, ${typeof request.body.lend?.()}`);
  const body = request.body.lend?.();
  if (body === undefined) return text(`${(await readAll(request)).length} not lent`);
  lent.push(body.coding.kind);
  if (request.target.includes("?unread")) {
    body.giveBack(undefined);
    return { kind: "error", status: 400, message: "unread" };
  }
  return text(`${(await readLent(body)).length} lent`);
};

const text = (body: string) => ({ kind: "text", status: 200, body: `<${body}>` }) as const;

async function readAll({ body }: HttpRequest): Promise<string> {
  let all = "";
  for await (const piece of body) all += Buffer.from(piece).toString("latin1");
  return all;
}

describe.each(["unix", "tcp"] as const)("a body that is lent, over %s", (kind) => {
  test.each([
    ["of a known length", sized],
    ["in chunks", chunked],
  ])("%s is read by somebody else, and the connection goes on", async (_name, message) => {
    await using server = await startServer(handle, {}, kind);
    using client = await server.connect();
    for (const length of [1, 70_000, 300_000, 5]) {
      client.send(message("x".repeat(length)));
      await client.until(`<${length} lent>`);
      client.send(GET);
      await poll(
        () => client.received.split("<after>").length === 2,
        () => client.received,
      );
      client.received = "";
    }
    expect(server.server.load).toMatchObject({ connections: 1 });
  });

  test("is followed by what was sent behind it in one go", async () => {
    await using server = await startServer(handle, {}, kind);
    using client = await server.connect();
    client.send(chunked("a".repeat(20)) + GET + sized("b".repeat(30)) + chunked("c".repeat(40)) + sized("d".repeat(50), "?read") + GET);
    const received = await client.until(/<50 read[^]*<after>/);
    expect(received.match(/<[^>]*>/g)).toEqual(["<20 lent>", "<after>", "<30 lent>", "<40 lent>", "<50 read, undefined>", "<after>"]);
  });

  test("that is not read to its end costs the connection, after the answer", async () => {
    await using server = await startServer(handle, {}, kind);
    using client = await server.connect();
    client.send(sized("x".repeat(100_000), "?unread"));
    client.send(GET);
    const received = await client.untilEnd();
    expect(received).toMatch(/^HTTP\/1.1 400 [^]*\r\nConnection: close\r\n[^]*unread/);
    expect(received).not.toContain("after");
  });

  test("breaks off with its client", async () => {
    await using server = await startServer(handle, {}, kind);
    const client = await server.connect();
    lent.length = 0;
    client.send(put("Content-Length: 100\r\n", "x"));
    await poll(
      () => lent.length === 1,
      () => "not lent",
    );
    client[Symbol.dispose]();
    expect(
      await poll(
        () => server.server.load.connections === 0 && server.server.load.requests === 0,
        () => JSON.stringify(server.server.load),
      ),
    ).toBe(true);
  });

  test("is announced by 100 Continue where the client waits for it, and may end with the client's output", async () => {
    await using server = await startServer(handle, {}, kind);
    using client = await server.connect();
    client.send(put("Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
    await client.until("HTTP/1.1 100 Continue\r\n\r\n");
    client.socket.end("abc");
    expect(await client.untilEnd()).toContain("<3 lent>");
  });
});

test("a body that nobody wants is read over as before", async () => {
  const ignore: HttpHandler = async () => text("ignored");
  await using server = await startServer(ignore);
  using client = await server.connect();
  for (const message of [sized("x".repeat(1000)), chunked("y".repeat(1000)), chunked("")]) {
    client.received = "";
    client.send(message);
    expect(await client.until("<ignored>")).not.toContain("Connection: close");
  }
});
