import http from "node:http";
import type net from "node:net";
import type tls from "node:tls";
import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { monotonicMs } from "#lib/monotonic.ts";
import type { Answer, HttpHandler } from "./answer.ts";
import { Connection, type Transport } from "./connection/connection.ts";
import { Exchange } from "./exchange.ts";
import { defaultLimits, type HttpLimits } from "./limits.ts";
import { refuseMalformed } from "./connection/malformed.ts";
import { type HeaderFields, writeAnswer } from "./reply.ts";
import { Side } from "./connection/side.ts";

export interface HttpServerDeps {
  readonly handle: HttpHandler;
  readonly logger: Logger;
  /** Whether the other end of a socket is closed both ways; without it, a client that leaves a silent stream is noticed at the next byte. */
  readonly hasHungUp?: ((fd: number) => boolean) | undefined;
}

export interface HttpServerOptions {
  /** Fields of every answer, those to malformed requests included. */
  readonly headers: HeaderFields;
  readonly limits?: Partial<HttpLimits>;
}

const SWEEP_MS = 1000;
/** What a request that was told to end at close still gets before its connection is cut. */
const LAST_WORDS_MS = 1000;

/**
 * An HTTP/1.1 server over any number of listeners. Node parses; this class owns the connections, so that an answer can take one
 * over (`connection.ts`), and bounds what each of them costs (`limits.ts`).
 */
export class HttpServer {
  readonly #parser: http.Server;
  readonly #handle: HttpHandler;
  readonly #hasHungUp: (fd: number) => boolean;
  readonly #logger: Logger;
  readonly #headers: HeaderFields;
  readonly #limits: HttpLimits;
  readonly #connections = new Set<Connection>();
  readonly #exchanges = new Set<Exchange>();
  readonly #sweep: NodeJS.Timeout;
  #onQuiet: (() => void) | undefined;
  #closing = false;

  constructor(deps: HttpServerDeps, options: HttpServerOptions) {
    this.#handle = deps.handle;
    this.#hasHungUp = deps.hasHungUp ?? (() => false);
    this.#logger = deps.logger;
    this.#headers = options.headers;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#parser = this.#newParser();
    this.#sweep = setInterval(() => this.#sweepConnections(), SWEEP_MS).unref();
  }

  /** Serves what the listener accepts. The listener keeps half-open sockets (`allowHalfOpen`) and stays the caller's to close. */
  serve(listener: net.Server | tls.Server, transport: Transport): void {
    listener.on(transport === "tls" ? "secureConnection" : "connection", (socket: net.Socket) => this.#accept(socket, transport));
  }

  /** Connections that are open, and requests under way: for tests and metrics. */
  get load(): { readonly connections: number; readonly requests: number } {
    return { connections: this.#connections.size, requests: this.#exchanges.size };
  }

  /**
   * Ends every connection: idle ones at once; streams and hijacked ones are told by their signal; other requests may finish. After
   * `graceMs` all are told, and shortly after that cut.
   */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sweep);
    for (const connection of this.#connections) if (connection.isIdle()) connection.destroy();
    for (const exchange of this.#exchanges) if (exchange.streaming) exchange.abort();
    await this.#quiet(graceMs);
    for (const exchange of this.#exchanges) exchange.abort();
    await this.#quiet(LAST_WORDS_MS);
    for (const connection of this.#connections) connection.destroy();
  }

  #newParser(): http.Server {
    const parser = http.createServer({
      maxHeaderSize: this.#limits.headerBytes,
      insecureHTTPParser: false,
      keepAliveTimeout: 0,
      requireHostHeader: false,
    });
    parser.maxHeadersCount = this.#limits.headerCount;
    parser.on("request", (incoming, response) => this.#request(incoming, response));
    // Without a listener Node drops a CONNECT without an answer.
    parser.on("connect", (_incoming, socket) => refuseMalformed(socket, "METHOD", this.#headers));
    parser.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      refuseMalformed(socket, error.code, this.#headers);
      connectionOf(socket)?.onGone?.();
    });
    return parser;
  }

  #accept(socket: net.Socket, transport: Transport): void {
    if (this.#closing) return void socket.destroy();
    if (this.#connections.size >= this.#limits.connections) this.#evictIdle();
    if (this.#connections.size >= this.#limits.connections) return void socket.destroy();
    const attachParser = (side: Side): void => void this.#parser.emit("connection", side);
    const connection = new Connection(socket, { transport, lingerMs: this.#limits.lingerMs, attachParser });
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
  }

  /** A Set keeps the order of insertion, so the first idle one found is the oldest. */
  #evictIdle(): void {
    for (const connection of this.#connections) {
      if (!connection.isIdle()) continue;
      this.#connections.delete(connection);
      connection.destroy();
      return;
    }
  }

  #sweepConnections(): void {
    const latest = monotonicMs() - this.#limits.headerMs;
    for (const connection of this.#connections) {
      const since = connection.headDue();
      if (since !== undefined && since <= latest) this.#dropLateHead(connection);
      const socket = connection.halfClosed();
      if (socket !== undefined && this.#hasHungUp(socket)) connection.destroy();
    }
  }

  /** Without a word where nothing was asked: Go's clients keep spare connections, and log what comes unasked on one. */
  #dropLateHead(connection: Connection): void {
    if (connection.isIdle()) connection.destroy();
    else refuseMalformed(connection.parserSide, "LATE", this.#headers);
  }

  #request(incoming: http.IncomingMessage, response: http.ServerResponse): void {
    const connection = connectionOf(incoming.socket);
    if (connection === undefined) return;
    const flaw = flawOf(incoming, this.#limits);
    if (flaw !== undefined) return refuseMalformed(connection.parserSide, flaw, this.#headers);
    const exchange = new Exchange(connection, incoming, response, this.#limits);
    if (!exchange.begin()) return;
    this.#exchanges.add(exchange);
    const written = new Promise<void>((resolve) => void response.once("close", resolve));
    void written.then(() => {
      // Node skips a body that nobody has begun to read; one that was begun is skipped here.
      incoming.resume();
      connection.answered();
    });
    // Not before the parser has returned: while it announces a request it takes no more bytes, and a handler asks for the body.
    void Promise.resolve()
      .then(() => this.#answer(exchange))
      .then(() => (exchange.streaming ? undefined : written))
      .finally(() => this.#finished(exchange));
  }

  /** Never rejects: an answer that breaks off is logged, and its connection is gone. */
  async #answer(exchange: Exchange): Promise<void> {
    try {
      await writeAnswer(exchange, await this.#handled(exchange), this.#headers);
    } catch (error) {
      exchange.abort();
      this.#logger.debug({ method: exchange.method, error: messageOf(error) }, "an answer broke off");
    }
  }

  async #handled(exchange: Exchange): Promise<Answer> {
    try {
      return await this.#handle(exchange);
    } catch (error) {
      this.#logger.error({ method: exchange.method, error }, "the request handler failed");
      return { kind: "error", status: 500, message: "internal error" };
    }
  }

  #finished(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
    if (this.#closing && !exchange.streaming) exchange.connection.destroy();
    if (this.#exchanges.size === 0) this.#onQuiet?.();
  }

  #quiet(ms: number): Promise<void> {
    if (this.#exchanges.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onQuiet = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** What the parser lets pass: it drops headers over its limit, and answers a missing Host in a form of its own. */
function flawOf(incoming: http.IncomingMessage, limits: HttpLimits): string | undefined {
  if (incoming.rawHeaders.length >= 2 * limits.headerCount) return "HPE_HEADER_OVERFLOW";
  return incoming.httpVersion === "1.1" && incoming.headers.host === undefined ? "HOST" : undefined;
}

/** Node takes a side for a socket and hands it back as one. */
function connectionOf(socket: unknown): Connection | undefined {
  return socket instanceof Side && socket.owner instanceof Connection ? socket.owner : undefined;
}
