import { text } from "node:stream/consumers";
import { EngineError } from "#errors/engine-error.ts";
import type { ClientRequest, ClientResponse, HttpClient } from "#http/client.ts";
import { parseLargeJson } from "#lib/json/text.ts";
import { decodeLines } from "#http/body/ndjson.ts";
import { type ApiVersion, compareApiVersions, formatApiVersion, newestApiVersion, parseApiVersion } from "#spec/api-version.ts";
import { ApiError } from "./api-error.ts";
import { encodeQuery, type Query } from "./query.ts";
import { type RawSession, rawSession } from "./raw-session.ts";

/** `POST /containers/create`, without the version. */
export type Call = `${"GET" | "HEAD" | "POST" | "PUT" | "DELETE"} /${string}`;

export interface CallOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface CallerOptions {
  /** Speaks this version and asks nobody. */
  readonly apiVersion?: ApiVersion | undefined;
  /** For every request; what a call sets itself goes before. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Calls the API over one daemon's connections: agrees on a version with the first call, and turns refusals into `ApiError`.
 * All calls reject with EngineError `unavailable` when there is no daemon to talk to.
 */
export class Caller implements Disposable {
  readonly #http: HttpClient;
  readonly #host: string;
  readonly #headers: Readonly<Record<string, string>>;
  #version: Promise<ApiVersion> | undefined;

  constructor(deps: { readonly http: HttpClient; readonly host: string }, options: CallerOptions) {
    this.#http = deps.http;
    this.#host = deps.host;
    this.#headers = options.headers ?? {};
    this.#version = options.apiVersion === undefined ? undefined : Promise.resolve(options.apiVersion);
  }

  /** The version that calls are made in. */
  version(): Promise<ApiVersion> {
    this.#version ??= this.#negotiate().catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  /** The headers of a ping, which has no version. */
  async ping(signal?: AbortSignal): Promise<ClientResponse["headers"]> {
    const response = await this.#send({ method: "HEAD", path: "/_ping", headers: this.#headers, signal });
    response.body.resume();
    if (response.status >= 400) throw new ApiError(response.status, `ping: the daemon answered ${response.status}`);
    return response.headers;
  }

  /** The answer as JSON. */
  async json<T>(call: Call, options: CallOptions = {}): Promise<T> {
    const { body } = await this.stream(call, options);
    return parseLargeJson(await text(body)) as T;
  }

  /** A call whose answer says nothing; "already so" (304) is as good. */
  async send(call: Call, options: CallOptions = {}): Promise<void> {
    const { body } = await this.stream(call, options);
    body.resume();
  }

  /** Resolves when the daemon has begun to answer. */
  async stream(call: Call, options: CallOptions = {}): Promise<ClientResponse> {
    const response = await this.#send(await this.#request(call, options));
    if (response.status >= 400) throw await refusal(response);
    return response;
  }

  /** Resolves when the daemon has begun to answer; the lines are values of `T`. */
  async lines<T>(call: Call, options: CallOptions = {}): Promise<AsyncGenerator<T>> {
    const { body } = await this.stream(call, options);
    return decodeLines(body) as AsyncGenerator<T>;
  }

  /** The connection itself, for streams both ways. */
  async hijack(call: Call, options: CallOptions = {}): Promise<RawSession> {
    const request = await this.#request(call, options);
    const answer = await this.#reached(this.#http.hijack(request));
    if (answer.kind === "raw") return rawSession(answer.stream, answer.headers);
    if (answer.response.status >= 400) throw await refusal(answer.response);
    // A proxy that knows no upgrade: its answer may never end.
    answer.response.body.destroy();
    throw new ApiError(answer.response.status, "the daemon did not hand over the connection");
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  async #request(call: Call, options: CallOptions): Promise<ClientRequest> {
    const [method = "", path = ""] = call.split(" ");
    const isJson = options.json !== undefined;
    return {
      method,
      path: `/v${formatApiVersion(await this.version())}${path}${encodeQuery(options.query ?? {})}`,
      headers: { ...this.#headers, ...(isJson ? { "Content-Type": "application/json" } : {}), ...options.headers },
      body: isJson ? JSON.stringify(options.json) : options.body,
      signal: options.signal,
    };
  }

  #send(request: ClientRequest): Promise<ClientResponse> {
    return this.#reached(this.#http.request(request));
  }

  async #reached<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      throw unreachable(this.#host, cause);
    }
  }

  /** The newest that both know. A daemon that does not say is of before 1.25, when the header came. */
  async #negotiate(): Promise<ApiVersion> {
    const headers = await this.ping();
    const theirs = parseApiVersion(String(headers["api-version"] ?? "")) ?? [1, 24];
    return compareApiVersions(theirs, newestApiVersion) < 0 ? theirs : newestApiVersion;
  }
}

async function refusal({ status, body }: ClientResponse): Promise<ApiError> {
  const said = (await text(body)).trim();
  return new ApiError(status, messageIn(said) ?? (said === "" ? `the daemon answered ${status}` : said));
}

function messageIn(said: string): string | undefined {
  try {
    const { message } = JSON.parse(said) as { message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}

const NOBODY_THERE = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"]);

const TLS = /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH)/;

/** Docker's words, which scripts look for. Anything else (an abort) is passed on. */
function unreachable(host: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "EACCES" || code === "EPERM") {
    const message = `permission denied while trying to connect to the Docker daemon socket at ${host}`;
    return new EngineError("unavailable", message, { cause, code });
  }
  if (TLS.test(code)) {
    // OpenSSL's own message is a line of its source; what it means is beside it.
    const reason = (cause as { readonly reason?: string }).reason ?? (cause as Error).message;
    return new EngineError("unavailable", `TLS with the Docker daemon at ${host} failed: ${reason}`, { cause, code });
  }
  if (!NOBODY_THERE.has(code)) return cause;
  return new EngineError("unavailable", `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`, { cause, code });
}
