import { duplexPair } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { performServerHandshake, type ServerHttp2Stream } from "node:http2";
import { expect, it } from "vitest";
import { ClientSession } from "./client-session.ts";

const signal = new AbortController().signal;
const file = { kind: "read-file", cache: 0, file: "index.json" } as const;

/** A client that answers as it is told, and at once. */
function session(answer: (stream: ServerHttp2Stream, path: string) => void): ClientSession {
  const [near, far] = duplexPair();
  performServerHandshake(far).on("stream", (stream, headers) => answer(stream, String(headers[":path"])));
  return new ClientSession(near);
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield await Promise.resolve(Buffer.from(one));
}

it("reads what is short, and over before anybody looks at it", async () => {
  using asked = session((stream) => {
    stream.respond({ ":status": 200 });
    stream.end("short");
  });
  const body = await asked.read(file, signal);
  // As a busy daemon does.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(body && (await text(body))).toBe("short");
});

it("tells what is not there from what is refused, with the client's words", async () => {
  using asked = session((stream, path) => {
    if (path.startsWith("/ssh")) return stream.respond({ ":status": 404 }, { endStream: true });
    stream.respond({ ":status": 500 });
    stream.end("no room");
  });
  expect(await asked.has({ kind: "find-agent", id: "x" }, signal)).toBe(false);
  await expect(asked.read(file, signal)).rejects.toThrow("the client: no room");
  await expect(asked.write({ kind: "output", index: 0 }, pieces("a", "b"), signal)).rejects.toThrow("the client: no room");
});

it("hands over more than any buffer holds, whose memory is used again", async () => {
  let taken = 0;
  using asked = session((stream) => {
    void buffer(stream).then((bytes) => {
      taken = bytes.every((byte, at) => byte === Math.floor(at / 65536) % 256) ? bytes.length : -1;
      stream.respond({ ":status": 200 }, { endStream: true });
    });
  });
  const memory = Buffer.alloc(65536);
  async function* reused(): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < 100; piece++) yield await Promise.resolve(memory.fill(piece));
  }
  await asked.write({ kind: "output", index: 0 }, reused(), signal);
  expect(taken).toBe(100 * 65536);
});

it("fails when the client goes, when it is cancelled, and what it hands over fails", async () => {
  const [near, far] = duplexPair();
  performServerHandshake(far);
  using asked = new ClientSession(near);
  const left = new AbortController();
  const cancelled = asked.read(file, left.signal);
  left.abort();
  await expect(cancelled).rejects.toMatchObject({ category: "cancelled" });
  const waiting = asked.read(file, signal);
  far.destroy();
  near.destroy();
  await expect(waiting).rejects.toMatchObject({ category: "unavailable" });
  await asked.closed;
  await expect(asked.has(file, signal)).rejects.toMatchObject({ category: "unavailable" });
  using broken = session((stream) => void buffer(stream).catch(() => undefined));
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from("a"));
    throw new Error("the disk is broken");
  }
  await expect(broken.write({ kind: "output", index: 0 }, failing(), signal)).rejects.toThrow("the disk is broken");
});
