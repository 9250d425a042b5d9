import { duplexPair, type Duplex } from "node:stream";
import { expect, test } from "vitest";
import type { StreamSession } from "#container/attach/stream-session.ts";
import { BoundedQueue } from "#lib/bounded-queue.ts";
import type { OutputChunk } from "#runtime/contract.ts";
import { serveSession } from "./serve-session.ts";

class FakeSession implements StreamSession {
  readonly tty: boolean;
  readonly output = new BoundedQueue<OutputChunk>(1000);
  readonly calls: string[] = [];
  writing: Promise<void> = Promise.resolve();

  constructor(tty: boolean) {
    this.tty = tty;
  }

  async write(data: Uint8Array): Promise<void> {
    this.calls.push(`write ${Buffer.from(data).toString()}`);
    await this.writing;
  }

  endInput(): void {
    this.calls.push("end");
  }

  close(): void {
    this.calls.push("close");
    this.output.close();
  }
}

function serve(tty: boolean): { session: FakeSession; client: Duplex; done: Promise<void>; received: () => string } {
  const session = new FakeSession(tty);
  const [client, server] = duplexPair();
  let text = "";
  client.on("data", (data: Buffer) => (text += data.toString("latin1")));
  return { session, client, done: serveSession(server, session), received: () => text };
}

const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

test("output without a terminal comes in frames, with one as it is", async () => {
  const framed = serve(false);
  framed.session.output.push({ stream: "stderr", data: Buffer.from("hi") });
  framed.session.output.close();
  await framed.done;
  await turn();
  expect(framed.received()).toBe("\u0002\0\0\0\0\0\0\u0002hi");
  const raw = serve(true);
  raw.session.output.push({ stream: "stdout", data: Buffer.from("hi") });
  raw.session.output.close();
  await raw.done;
  await turn();
  expect(raw.received()).toBe("hi");
  expect(raw.session.calls).toEqual(["close"]);
});

test("what the client types is handed on piece by piece, its end as an end; output goes on", async () => {
  const { session, client, done, received } = serve(true);
  const gate = Promise.withResolvers<void>();
  session.writing = gate.promise;
  client.write("a");
  await turn();
  client.write("b");
  await turn();
  expect(session.calls).toEqual(["write a"]);
  gate.resolve();
  client.end();
  await turn();
  await turn();
  expect(session.calls).toEqual(["write a", "write b", "end"]);
  session.output.push({ stream: "stdout", data: Buffer.from("late") });
  session.output.close();
  await done;
  await turn();
  expect(received()).toBe("late");
});

test("a client that goes away closes the session", async () => {
  const session = new FakeSession(true);
  const [client, server] = duplexPair();
  const done = serveSession(server, session);
  client.destroy();
  server.destroy();
  await done;
  expect(session.calls).toContain("close");
});

test("a client that does not read is not written to without end", async () => {
  const session = new FakeSession(true);
  const [, server] = duplexPair();
  const done = serveSession(server, session);
  for (let chunk = 0; chunk < 50; chunk += 1) session.output.push({ stream: "stdout", data: Buffer.alloc(64 * 1024) });
  await turn();
  await turn();
  expect(server.writableLength).toBeLessThan(1024 * 1024);
  server.destroy();
  await done;
  expect(session.calls).toContain("close");
});
