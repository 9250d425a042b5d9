import { monotonicMs } from "#lib/monotonic.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Answer, HttpRequest } from "#http/answer.ts";
import type { HttpLimits } from "#http/limits.ts";
import { listen, type Listener, type ListenTarget } from "#http/listen.ts";
import { refuseBrowsers } from "#http/origin.ts";
import type { ApiRequest, Route } from "#http/route.ts";
import { type Match, Router } from "#http/router.ts";
import { HttpServer } from "#http/server.ts";
import type { Logger } from "#lib/logger.ts";
import { type ApiVersion, compareApiVersions, formatApiVersion, newestApiVersion, oldestApiVersion } from "#spec/api-version.ts";
import { errorToHttp, isFault } from "./error-to-http.ts";
import { checkVersion, parseTarget, readsPlainText, type RequestPath } from "./request-path.ts";
import { type Shim, shimFor } from "./versions/shim.ts";

export interface ApiDeps {
  readonly routes: readonly Route[];
  readonly logger: Logger;
  /** See HttpServerDeps. */
  readonly hasHungUp?: ((fd: number) => boolean) | undefined;
}

export interface ApiOptions {
  /** The engine's own version, for the `Server` header. */
  readonly engineVersion: string;
  /** `min-api-version`; 1.24 unless given. */
  readonly minVersion?: ApiVersion | undefined;
  /** Hosts with dots that plain TCP is served under (`http/origin.ts`). */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
}

/** Docker's Engine API over any number of listeners. */
export interface Api {
  /** Serves what a listener accepts; closing the listener stays the caller's. */
  serve(listener: Listener): void;
  /** Opens a listener and serves it; `close` closes it. */
  listen(target: ListenTarget): Promise<Listener>;
  /** Stops accepting, ends streams, lets other requests finish for `graceMs`, then ends everything. */
  close(graceMs: number): Promise<void>;
}

export function createApi({ routes, logger, hasHungUp }: ApiDeps, options: ApiOptions): Api {
  const handler = new ApiHandler({ router: new Router(routes), logger }, options);
  const headers = commonHeaders(options.engineVersion);
  const server = new HttpServer(
    { handle: (request) => handler.answer(request), logger, hasHungUp },
    { headers, limits: options.limits ?? {} },
  );
  const listeners: Listener[] = [];
  return {
    serve: (listener) => server.serve(listener.server, listener.transport),
    async listen(target) {
      const listener = await listen(target);
      listeners.push(listener);
      server.serve(listener.server, listener.transport);
      return listener;
    },
    async close(graceMs) {
      for (const listener of listeners.splice(0)) listener.close();
      await server.close(graceMs);
    },
  };
}

/** Clients negotiate by these, and read some of them from any answer. */
function commonHeaders(engineVersion: string): Record<string, string> {
  return {
    "Api-Version": formatApiVersion(newestApiVersion),
    "Docker-Experimental": "false",
    Ostype: "linux",
    Server: `Docker/${engineVersion} (linux)`,
  };
}

/** From a request to an answer: guard, route, version, handler; and every error through one funnel. */
class ApiHandler {
  readonly #router: Router;
  readonly #logger: Logger;
  readonly #minVersion: ApiVersion;
  readonly #allowedHosts: readonly string[];

  constructor(deps: { readonly router: Router; readonly logger: Logger }, options: ApiOptions) {
    this.#router = deps.router;
    this.#logger = deps.logger;
    this.#minVersion = options.minVersion ?? oldestApiVersion;
    this.#allowedHosts = options.allowedHosts ?? [];
  }

  /** Never throws. The log has neither query nor headers: both carry credentials and build arguments. */
  async answer(request: HttpRequest): Promise<Answer> {
    const started = monotonicMs();
    const target = parseTarget(request.target);
    const answer = await this.#run(request, target);
    const ms = Math.round(monotonicMs() - started);
    this.#logger.debug(
      { method: request.method, path: target.path, version: target.version?.join("."), status: statusOf(answer), ms },
      "api request",
    );
    return answer;
  }

  async #run(request: HttpRequest, target: RequestPath): Promise<Answer> {
    try {
      refuseBrowsers(request, this.#allowedHosts);
      const version = target.version ?? newestApiVersion;
      const match = this.#match(request.method, target.path, version);
      const shim = compareApiVersions(version, newestApiVersion) < 0 ? shimFor(match.route, version) : undefined;
      const reply = await match.route.handler(apiRequest(request, target, version, match, shim));
      return shim === undefined ? reply : shim.reply(reply);
    } catch (error) {
      if (isFault(error))
        this.#logger.error({ method: request.method, path: target.path, err: error }, "the handler of an api request failed");
      const refusal = errorToHttp(error);
      return readsPlainText(target.version) ? { ...refusal, form: "text" } : refusal;
    }
  }

  /** An unknown path is unknown in every version; a known one says first whether it speaks the client's. */
  #match(method: string, path: string, version: ApiVersion): Match {
    const match = this.#router.match(method, path);
    if (match === undefined) throw pageNotFound();
    checkVersion(version, this.#minVersion);
    if (match.route.since !== undefined && compareApiVersions(version, match.route.since) < 0) throw pageNotFound();
    return match;
  }
}

function apiRequest(request: HttpRequest, target: RequestPath, version: ApiVersion, match: Match, shim: Shim | undefined): ApiRequest {
  const query = new URLSearchParams(target.query);
  return {
    method: request.method,
    path: target.path,
    params: match.params,
    query: shim === undefined ? query : shim.query(query),
    headers: request.headers,
    apiVersion: version,
    // Made only for handlers that ask for it.
    get signal() {
      return request.signal;
    },
    get body() {
      return request.body;
    },
    json: shim === undefined ? () => request.json() : async () => shim.body(await request.json()),
  };
}

function pageNotFound(): EngineError {
  return new EngineError("not-found", "page not found");
}

function statusOf(answer: Answer): number {
  if (answer.kind !== "hijack" && answer.kind !== "websocket") return answer.status;
  return 101;
}
