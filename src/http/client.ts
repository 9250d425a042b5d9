import type http from "node:http";
import net from "node:net";
import { type Duplex, Readable } from "node:stream";

/**
 * Not imported: an import reads every export of a module of Node's, and some of these load what is never used here (undici, OpenSSL),
 * which takes a command line longer than all that it does. TLS is loaded by who speaks it.
 */
const { Agent, request: httpRequest } = process.getBuiltinModule("node:http");
const secure = {
  http: () => process.getBuiltinModule("node:https"),
  sockets: () => process.getBuiltinModule("node:tls"),
};

/** PEM texts. Without `ca` the system's authorities count. */
export interface ClientIdentity {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name to expect in the server's certificate, where it is not the host. */
  readonly servername?: string | undefined;
  /** False believes whoever answers, as Docker's `--tls` without `--tlsverify` does. */
  readonly rejectUnauthorized?: boolean | undefined;
}

export type ClientTarget =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "tls"; readonly host: string; readonly port: number; readonly identity: ClientIdentity };

export interface ClientRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text or bytes are sent with their length; anything else in chunks, as fast as the server takes it. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Ends the request, or its answer's body. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientResponse {
  readonly status: number;
  readonly headers: Readonly<http.IncomingHttpHeaders>;
  /** Has to be read to its end, or destroyed: until then it keeps a connection. */
  readonly body: Readable;
}

/** What a request for a raw stream led to: the stream, or an ordinary answer (a refusal). */
export type HijackResponse =
  | { readonly kind: "raw"; readonly headers: Readonly<http.IncomingHttpHeaders>; readonly stream: Duplex }
  | { readonly kind: "answer"; readonly response: ClientResponse };

/** An HTTP/1.1 client of one server, with connections that are kept and reused. Idle ones do not keep the process alive. */
export class HttpClient implements Disposable {
  readonly #target: ClientTarget;
  readonly #agent: http.Agent;

  constructor(target: ClientTarget) {
    this.#target = target;
    const options = { keepAlive: true, maxFreeSockets: 8, scheduling: "lifo" as const };
    this.#agent = target.kind === "tls" ? new (secure.http().Agent)({ ...options, ...target.identity }) : new Agent(options);
  }

  /** Sends a request. A kept connection that the server has closed meanwhile is replaced, where asking twice does no harm. */
  async request(request: ClientRequest): Promise<ClientResponse> {
    try {
      return await this.#send(request);
    } catch (error) {
      if (!isStale(error) || (request.method !== "GET" && request.method !== "HEAD")) throw error;
      return this.#send(request);
    }
  }

  /** Asks for the connection itself, by an upgrade to `tcp`. The stream keeps each direction's end apart (half-close). */
  hijack(request: ClientRequest): Promise<HijackResponse> {
    const headers = { ...request.headers, Connection: "Upgrade", Upgrade: "tcp" };
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ ...this.#options({ ...request, headers }), createConnection: () => connectHalfOpen(this.#target) });
      outgoing.once("error", reject);
      outgoing.once("upgrade", (incoming, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ kind: "raw", headers: incoming.headers, stream: socket });
      });
      outgoing.once("response", (incoming) => resolve({ kind: "answer", response: responseOf(incoming) }));
      sendBody(outgoing, request.body);
    });
  }

  /** Closes the connections that are idle, and the others when they become so. */
  close(): void {
    this.#agent.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(request: ClientRequest): Promise<ClientResponse> {
    return new Promise((resolve, reject) => {
      const options = { ...this.#options(request), agent: this.#agent };
      const outgoing = this.#target.kind === "tls" ? secure.http().request(options) : httpRequest(options);
      outgoing.once("error", (error: StaleError) => {
        error.onKeptConnection = outgoing.reusedSocket;
        reject(error);
      });
      outgoing.once("response", (incoming) => resolve(responseOf(incoming)));
      sendBody(outgoing, request.body);
    });
  }

  #options(request: ClientRequest): http.RequestOptions {
    const { body } = request;
    const length = typeof body === "string" || body instanceof Uint8Array ? { "Content-Length": String(Buffer.byteLength(body)) } : {};
    const headers = { Host: hostOf(this.#target), ...length, ...request.headers };
    return {
      ...whereOf(this.#target),
      method: request.method,
      path: request.path,
      headers,
      ...(request.signal && { signal: request.signal }),
    };
  }
}

interface StaleError extends NodeJS.ErrnoException {
  onKeptConnection?: boolean;
}

function isStale(error: unknown): boolean {
  const { code, onKeptConnection } = error as StaleError;
  return onKeptConnection === true && (code === "ECONNRESET" || code === "EPIPE");
}

/**
 * Without TLS there is no server to name: else Node would find out whether the host is an address, and the pattern for that takes ten
 * milliseconds to compile, a tenth of what a short command may take.
 */
function whereOf(target: ClientTarget): http.RequestOptions & { readonly servername?: string } {
  if (target.kind === "unix") return { socketPath: target.path, servername: "" };
  return { host: target.host, port: target.port, ...(target.kind === "tcp" ? { servername: "" } : {}) };
}

/** A unix socket has no host; this is the name that Docker's own clients send, and one that no stranger can own. */
function hostOf(target: ClientTarget): string {
  if (target.kind === "unix") return "api.moby.localhost";
  return `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`;
}

/** Not from the pool: a pooled connection that the server half-closes would stay in it. */
function connectHalfOpen(target: ClientTarget): Duplex {
  if (target.kind === "unix") return net.connect({ path: target.path, allowHalfOpen: true });
  const options = { host: target.host, port: target.port, allowHalfOpen: true, noDelay: true };
  if (target.kind === "tcp") return net.connect(options);
  const servername = net.isIP(target.host) === 0 ? { servername: target.host } : {};
  return secure.sockets().connect({ ...options, ...servername, ...target.identity });
}

function responseOf(incoming: http.IncomingMessage): ClientResponse {
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming };
}

function sendBody(outgoing: http.ClientRequest, body: ClientRequest["body"]): void {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return void outgoing.end(body);
  const source = Readable.from(body, { objectMode: false });
  source.once("error", (error) => outgoing.destroy(error));
  // A server that refuses early answers while the body is still on its way; then nobody takes the rest.
  outgoing.once("close", () => source.destroy());
  source.pipe(outgoing);
}
