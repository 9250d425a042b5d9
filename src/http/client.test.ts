import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import type { HttpHandler } from "./answer.ts";
import { type ClientTarget, HttpClient } from "./client.ts";
import { listen } from "./listen.ts";
import { HttpServer } from "./server.ts";
import { makeCertificate } from "./test-certificates.ts";
import { poll, startServer, type TestServer } from "./testing.ts";

const handle: HttpHandler = async (request) => {
  if (request.target.startsWith("/attach")) {
    if (request.headers["upgrade"] === undefined) return { kind: "error", status: 409, message: "no upgrade" };
    return {
      kind: "hijack",
      contentType: "application/vnd.docker.raw-stream",
      run: async (stream) => {
        for await (const chunk of stream) stream.write(chunk);
        stream.write("<end>");
      },
    };
  }
  if (request.target === "/refuse") return { kind: "error", status: 404, message: "No such container: x" };
  let length = 0;
  for await (const chunk of request.body) length += chunk.length;
  return { kind: "json", status: 200, body: { length, host: request.headers["host"] } };
};

function targetOf(server: TestServer): ClientTarget {
  const { path: file, port } = server.connectOptions as { path?: string; port?: number };
  return file === undefined ? { kind: "tcp", host: "127.0.0.1", port: port ?? 0 } : { kind: "unix", path: file };
}

describe.each(["unix", "tcp"] as const)("HttpClient over %s", (kind) => {
  test("sends texts, bytes and streams, and reuses one connection", async () => {
    await using server = await startServer(handle, {}, kind);
    using client = new HttpClient(targetOf(server));
    const chunks = (async function* () {
      for (let count = 0; count < 100; count += 1) yield Buffer.alloc(10_000);
    })();
    for (const [body, length] of [
      ["text", 4],
      [Buffer.alloc(7), 7],
      [chunks, 1_000_000],
      [undefined, 0],
    ] as const) {
      const { status, body: answer } = await client.request({ method: "POST", path: "/x", body });
      expect([status, JSON.parse(await text(answer))]).toMatchObject([200, { length }]);
    }
    expect(server.server.load.connections).toBe(1);
  });

  test("gets a raw stream, and ends its own direction alone", async () => {
    await using server = await startServer(handle, {}, kind);
    using client = new HttpClient(targetOf(server));
    const answer = await client.hijack({ method: "POST", path: "/attach" });
    if (answer.kind !== "raw") throw new Error("not raw");
    expect(answer.headers["content-type"]).toBe("application/vnd.docker.raw-stream");
    const sent = Buffer.alloc(5_000_000, "0123456789");
    answer.stream.end(sent);
    const received = await buffer(answer.stream);
    expect([received.length, received.subarray(-5).toString()]).toEqual([sent.length + 5, "<end>"]);
  });

  test("gets the refusal of a raw stream", async () => {
    await using server = await startServer(handle, {}, kind);
    using client = new HttpClient(targetOf(server));
    const answer = await client.hijack({ method: "POST", path: "/refuse" });
    if (answer.kind !== "answer") throw new Error("not an answer");
    expect([answer.response.status, await text(answer.response.body)]).toEqual([404, '{"message":"No such container: x"}\n']);
  });
});

test("a kept connection that the server has closed is replaced, where asking twice does no harm", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "dhow-client-"));
  const server = net.createServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");
      socket.once("data", () => socket.destroy());
    });
  });
  server.listen(path.join(folder, "s"));
  await once(server, "listening");
  using client = new HttpClient({ kind: "unix", path: path.join(folder, "s") });
  const ask = async (method: string): Promise<string> => text((await client.request({ method, path: "/" })).body);
  expect([await ask("GET"), await ask("GET"), await ask("HEAD")]).toEqual(["OK", "OK", ""]);
  await ask("GET");
  await expect(ask("POST")).rejects.toMatchObject({ code: "ECONNRESET" });
  server.close();
  rmSync(folder, { recursive: true });
});

test("a signal ends a request that waits, and a body that goes on", async () => {
  await using server = await startServer(async (request) => {
    const body = (async function* () {
      yield Buffer.from("first");
      await once(request.signal, "abort");
    })();
    if (request.target === "/wait") await once(request.signal, "abort");
    return { kind: "stream", status: 200, contentType: "x/y", body };
  });
  using client = new HttpClient(targetOf(server));
  const waiting = new AbortController();
  const waited = client.request({ method: "GET", path: "/wait", signal: waiting.signal });
  setTimeout(() => waiting.abort(), 20);
  await expect(waited).rejects.toThrow("aborted");
  const streaming = new AbortController();
  const { body } = await client.request({ method: "GET", path: "/events", signal: streaming.signal });
  const read = text(body);
  setTimeout(() => streaming.abort(), 20);
  await expect(read).rejects.toThrow("aborted");
  await poll(
    () => server.server.load.requests === 0,
    () => JSON.stringify(server.server.load),
  );
});

test("a server that is not there is an error with a code", async () => {
  using client = new HttpClient({ kind: "unix", path: "/nonexistent/api.sock" });
  await expect(client.request({ method: "GET", path: "/" })).rejects.toMatchObject({ code: "ENOENT" });
  await expect(client.hijack({ method: "POST", path: "/" })).rejects.toMatchObject({ code: "ENOENT" });
});

test("a body that fails ends the request", async () => {
  await using server = await startServer(handle);
  using client = new HttpClient(targetOf(server));
  const broken = (async function* () {
    yield Buffer.from("part");
    throw new Error("the file is gone");
  })();
  await expect(client.request({ method: "POST", path: "/x", body: broken })).rejects.toThrow("the file is gone");
});

test("TLS: requests and raw streams with a client certificate", async () => {
  const ca = makeCertificate({ name: "ca", ca: true });
  const identity = { ...makeCertificate({ name: "server", issuer: ca, use: "server" }), ca: ca.cert };
  const listener = await listen({ kind: "tls", host: "127.0.0.1", port: 0, identity });
  const server = new HttpServer({ handle, logger: silentLogger }, { headers: {} });
  server.serve(listener.server, "tls");
  const { cert, key } = makeCertificate({ name: "client", issuer: ca, use: "client" });
  const { port } = listener.server.address() as net.AddressInfo;
  using client = new HttpClient({ kind: "tls", host: "127.0.0.1", port, identity: { ca: ca.cert, cert, key } });
  const { status, body } = await client.request({ method: "POST", path: "/x", body: "text" });
  expect([status, JSON.parse(await text(body))]).toEqual([200, { length: 4, host: `127.0.0.1:${port}` }]);
  const answer = await client.hijack({ method: "POST", path: "/attach" });
  if (answer.kind !== "raw") throw new Error("not raw");
  answer.stream.end("typed");
  expect(await text(answer.stream)).toBe("typed<end>");
  listener.close();
  await server.close(0);
});
