import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { PassThrough, pipeline as passOn, type Duplex, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError } from "#errors/engine-error.ts";
import { targetOf, type SessionRequest } from "#spec/build/session.ts";

const LONGEST_REASON = 4096;
/** So that a slow reader of one answer holds up no other, and a fast one is not held up by round trips. */
const WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 16 * WINDOW;

/** What a client offers while its build goes on, as the daemon asks for it (`spec/build/session.ts`). */
export class ClientSession implements Disposable {
  readonly #http: ClientHttp2Session;

  /** @param stream is this session's from now on. */
  constructor(stream: Duplex) {
    // Loaded by the few builds that have a session.
    const { connect } = process.getBuiltinModule("node:http2");
    this.#http = connect("http://client", { createConnection: () => stream, settings: { initialWindowSize: WINDOW, enablePush: false } });
    // What was asked for hears of it by itself.
    this.#http.on("error", () => undefined);
    this.#http.once("connect", () => this.#http.setLocalWindowSize(CONNECTION_WINDOW));
  }

  /** Resolves when the client has gone, or the session was ended. */
  get closed(): Promise<void> {
    if (this.#http.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#http.once("close", resolve));
  }

  /** Whether the client has it. @throws EngineError `unavailable` when the client has gone. */
  async has(request: SessionRequest, signal: AbortSignal): Promise<boolean> {
    const { status, body } = await this.#ask(request, signal, true);
    body.resume();
    return status === 200;
  }

  /** Undefined where the client has no such thing. @throws EngineError as `has`; `system` with the client's words. */
  async read(request: SessionRequest, signal: AbortSignal): Promise<Readable | undefined> {
    const { status, body } = await this.#ask(request, signal, true);
    if (status === 200) return body;
    if (status !== 404) throw await refusal(status, body);
    body.resume();
    return undefined;
  }

  /** Hands bytes over, and waits until the client has done with them what it wants. @throws EngineError as `read`; what the bytes throw. */
  async write(request: SessionRequest, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const stream = this.#open(request, signal, false);
    const { status, body } = answerOf(stream);
    const [answered, sent] = await Promise.allSettled([status, pipeline(copiesOf(bytes), stream)]);
    // A client that refuses does not read on: what it says counts, and not that the sending broke off.
    if (answered.status === "fulfilled" && answered.value !== 200) throw await refusal(answered.value, body);
    if (sent.status === "rejected") throw failure(sent.reason, signal);
    if (answered.status === "rejected") throw failure(answered.reason, signal);
    body.resume();
  }

  /** A connection both ways. @throws EngineError as `read`. */
  async connect(request: SessionRequest, signal: AbortSignal): Promise<{ readonly input: Writable; readonly output: Readable }> {
    const { status, stream, body } = await this.#ask(request, signal, false);
    if (status !== 200) throw await refusal(status, body);
    return { input: stream, output: body };
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
  }

  async #ask(request: SessionRequest, signal: AbortSignal, endStream: boolean): Promise<Answer> {
    const stream = this.#open(request, signal, endStream);
    const { status, body } = answerOf(stream);
    try {
      return { status: await status, stream, body };
    } catch (error) {
      throw failure(error, signal);
    }
  }

  #open(request: SessionRequest, signal: AbortSignal, endStream: boolean): ClientHttp2Stream {
    signal.throwIfAborted();
    if (this.#http.destroyed || this.#http.closed) throw gone(undefined);
    const { method, path } = targetOf(request);
    return this.#http.request({ ":method": method, ":path": path }, { endStream, signal });
  }
}

interface Answer {
  readonly status: number;
  readonly stream: ClientHttp2Stream;
  readonly body: Readable;
}

/** Its status, once it begins, and what follows. Node throws away what nobody reads by the time that a stream is over: it is read from the start. */
function answerOf(stream: ClientHttp2Stream): { readonly status: Promise<number>; readonly body: Readable } {
  const body = new PassThrough();
  body.on("error", () => undefined);
  passOn(stream, body, () => undefined);
  const status = new Promise<number>((resolve, reject) => {
    stream.once("response", (headers) => resolve(headers[":status"] ?? 0));
    stream.once("error", reject);
    stream.once("close", () => reject(gone(undefined)));
  });
  // Who waits for something else first hears of it later.
  status.catch(() => undefined);
  return { status, body };
}

/** What is sent is held until it is on the wire; whoever makes it may use its memory again before. */
async function* copiesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of bytes) yield Buffer.from(piece);
}

async function refusal(status: number, stream: AsyncIterable<Uint8Array>): Promise<EngineError> {
  let text = "";
  try {
    for await (const piece of stream) {
      text += Buffer.from(piece).toString();
      if (text.length > LONGEST_REASON) break;
    }
  } catch {
    // What has come of it has to do.
  }
  return new EngineError("system", text === "" ? `the client answered ${status}` : `the client: ${text.slice(0, LONGEST_REASON)}`);
}

function failure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new EngineError("cancelled", "the build was cancelled", { cause: error });
  const isConnection = error instanceof Error && "code" in error && /^ERR_(?:HTTP2|STREAM)|^E(?:PIPE|CONN)/.test(String(error.code));
  return isConnection ? gone(error) : error;
}

function gone(cause: unknown): EngineError {
  return new EngineError("unavailable", "the client has closed the build's session", { cause });
}
