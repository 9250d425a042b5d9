import type { ServerHttp2Stream } from "node:http2";
import { Readable, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "#errors/engine-error.ts";
import { sessionRequestOf, type SessionRequest } from "#spec/build/session.ts";

/** What a client offers a build while it lasts. Nothing else of the client can be asked for. */
export interface BuildOffers {
  /** By id: serves a connection of a RUN to an SSH agent, to its end. */
  readonly agents?: ReadonlyMap<string, (connection: Duplex) => Promise<void>>;
  /** One for each output that leaves the daemon, by its place among all outputs: takes it to its end. */
  readonly outputs?: ReadonlyMap<number, (bytes: AsyncIterable<Uint8Array>) => Promise<void>>;
  /** Folders of caches, in the order in which the build names them. */
  readonly caches?: readonly CacheFolder[];
}

/** A folder with an OCI layout. Paths are within it, and those of such a layout alone. */
export interface CacheFolder {
  has(file: string): Promise<boolean>;
  /** Undefined where there is none. */
  read(file: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  write(file: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
}

const WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 16 * WINDOW;

/** Answers what the daemon asks for over a session's connection, until the daemon or `Symbol.dispose` ends it. */
export function serveBuildSession(connection: Duplex, offers: BuildOffers): Disposable {
  const { performServerHandshake } = process.getBuiltinModule("node:http2");
  const session = performServerHandshake(connection, { settings: { initialWindowSize: WINDOW } });
  session.setLocalWindowSize(CONNECTION_WINDOW);
  session.on("error", () => undefined);
  session.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    const request = sessionRequestOf({ method: headers[":method"] ?? "", path: headers[":path"] ?? "" });
    void serve(stream, request, offers).catch((error: unknown) => refuse(stream, error));
  });
  return { [Symbol.dispose]: () => session.destroy() };
}

async function serve(stream: ServerHttp2Stream, request: SessionRequest | undefined, offers: BuildOffers): Promise<void> {
  switch (request?.kind) {
    case "find-agent":
      return answer(stream, offers.agents?.has(request.id) === true);
    case "agent":
      return await serveAgent(stream, offers.agents?.get(request.id));
    case "output":
      return await take(stream, offers.outputs?.get(request.index));
    case "find-file":
      return answer(stream, (await offers.caches?.[request.cache]?.has(request.file)) === true);
    case "read-file":
      return await give(stream, await offers.caches?.[request.cache]?.read(request.file));
    case "write-file":
      return await take(stream, writerOf(offers.caches?.[request.cache], request.file));
    case undefined:
      return answer(stream, false);
  }
}

function writerOf(cache: CacheFolder | undefined, file: string): ((bytes: AsyncIterable<Uint8Array>) => Promise<void>) | undefined {
  return cache && ((bytes) => cache.write(file, bytes));
}

function answer(stream: ServerHttp2Stream, isThere: boolean): void {
  stream.respond({ ":status": isThere ? 200 : 404 }, { endStream: true });
}

async function serveAgent(stream: ServerHttp2Stream, agent: ((connection: Duplex) => Promise<void>) | undefined): Promise<void> {
  if (agent === undefined) return answer(stream, false);
  stream.respond({ ":status": 200 });
  try {
    await agent(stream);
  } finally {
    stream.end();
  }
}

async function take(stream: ServerHttp2Stream, taker: ((bytes: AsyncIterable<Uint8Array>) => Promise<void>) | undefined): Promise<void> {
  if (taker === undefined) return answer(stream, false);
  await taker(stream);
  answer(stream, true);
}

async function give(stream: ServerHttp2Stream, bytes: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (bytes === undefined) return answer(stream, false);
  stream.respond({ ":status": 200 });
  await pipeline(Readable.from(bytes, { objectMode: false }), stream);
}

/** With the reason, where the answer has not begun. */
function refuse(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed) return;
  if (stream.headersSent) return stream.close();
  stream.respond({ ":status": 500 });
  stream.end(messageOf(error));
  stream.resume();
}
