import http from "node:http";
import https from "node:https";
import dns from "node:dns";
import type { LookupFunction } from "node:net";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { addressOf, bareHost, isForbiddenTarget } from "./address.ts";
import { asNetworkError } from "./network-error.ts";
import { proxyFor, type Proxies } from "./proxies.ts";
import { sendBody, type RequestBody } from "./request-body.ts";
import { usualAuthorities, type TlsProfile } from "./tls.ts";

export interface TransportOptions {
  readonly userAgent: string;
  /** Until the response's head is there, once the request is sent; and for each piece of a request to be taken. */
  readonly headMs: number;
  /** Asked for each request: a reload may change them. None without. */
  readonly proxies?: () => Proxies | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly tls: TlsProfile;
  /** For addresses that a registry names: which of them are refused (also after their name is looked up). */
  readonly guard?: { readonly registryIsLocal: boolean };
}

export interface HttpResponse {
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Has to be read or destroyed. */
  readonly body: http.IncomingMessage;
}

const MOST_SOCKETS = 16;
const HEAD_BYTES = 64 * 1024;

/** Single exchanges over connections that are kept open. Follows nothing and retries nothing. */
export class Transport {
  readonly #options: TransportOptions;
  /** By the proxy that they lead through. */
  readonly #plain = new Map<string, http.Agent>();
  readonly #secure = new Map<string, https.Agent>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** @throws EngineError `unavailable` (code `transient` when trying again may help), `forbidden` for a refused address, `cancelled`. */
  async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    if (request.guard !== undefined) refuseTarget(request.url.hostname, request.guard.registryIsLocal, request.url);
    const answered = Promise.withResolvers<http.IncomingMessage>();
    const client = this.#start(request, signal, answered.resolve);
    client.on("error", answered.reject);
    const answer = new AbortController();
    const late = (): void => void client.destroy(new Error("timeout awaiting response headers"));
    let timer: NodeJS.Timeout | undefined;
    const sent = sendBody(client, request.body, this.#options.headMs, answer.signal).then(
      () => (timer = answer.signal.aborted ? undefined : setTimeout(late, this.#options.headMs)),
      (error: unknown) => void client.destroy(error instanceof Error ? error : new Error(messageOf(error))),
    );
    try {
      const body = await answered.promise;
      answer.abort();
      // An answer that came before the end of the request: what is left is not sent, and the connection is of no use any more.
      body.once("close", () => void (client.writableFinished || client.destroy()));
      // Whoever reads it later sees the error; until then it must not be nobody's.
      body.on("error", () => undefined);
      return { url: request.url, status: body.statusCode ?? 0, headers: body.headers, body };
    } catch (cause) {
      throw asNetworkError(cause, request.method, request.url, signal);
    } finally {
      answer.abort();
      await sent;
      clearTimeout(timer);
    }
  }

  close(): void {
    for (const agent of [...this.#plain.values(), ...this.#secure.values()]) agent.destroy();
    this.#plain.clear();
    this.#secure.clear();
  }

  #start(request: HttpRequest, signal: AbortSignal, onResponse: (response: http.IncomingMessage) => void): http.ClientRequest {
    const { url, guard } = request;
    const options: http.RequestOptions = {
      method: request.method,
      // An encoding would put bytes in between that no digest speaks of.
      headers: { "User-Agent": this.#options.userAgent, "Accept-Encoding": "identity", ...request.headers },
      maxHeaderSize: HEAD_BYTES,
      signal,
      ...(guard === undefined ? {} : { lookup: guardedLookup(guard.registryIsLocal, url) }),
    };
    const proxies = this.#options.proxies?.();
    const proxy = proxies === undefined ? undefined : proxyFor(url, proxies);
    return url.protocol === "https:"
      ? https.request(url, { ...options, agent: this.#secureAgent(request.tls, proxy) }, onResponse)
      : http.request(url, { ...options, agent: this.#plainAgent(proxy) }, onResponse);
  }

  #plainAgent(proxy: string | undefined): http.Agent {
    const known = this.#plain.get(proxy ?? "");
    if (known !== undefined) return known;
    const agent = new http.Agent({ keepAlive: true, maxSockets: MOST_SOCKETS, ...through(proxy) });
    this.#plain.set(proxy ?? "", agent);
    return agent;
  }

  #secureAgent(profile: TlsProfile, proxy: string | undefined): https.Agent {
    const key = JSON.stringify([profile, proxy]);
    const known = this.#secure.get(key);
    if (known !== undefined) return known;
    const agent = new https.Agent({
      keepAlive: true,
      maxSockets: MOST_SOCKETS,
      ...through(proxy),
      minVersion: "TLSv1.2",
      rejectUnauthorized: profile.verify,
      ca: [...usualAuthorities(), ...profile.authorities],
      ...(profile.clients.length === 0
        ? {}
        : { cert: profile.clients.map(({ cert }) => cert), key: profile.clients.map(({ key: own }) => own) }),
    });
    this.#secure.set(key, agent);
    return agent;
  }
}

/** Whom it is for was decided already. */
function through(proxy: string | undefined): Pick<http.AgentOptions, "proxyEnv"> {
  return proxy === undefined ? {} : { proxyEnv: { http_proxy: proxy, https_proxy: proxy } };
}

/** A name may lead to an address that is refused: what counts is the one that is connected to. */
function guardedLookup(registryIsLocal: boolean, url: URL): LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, options, (error, address, family) => {
      const addresses = Array.isArray(address) ? address.map((item: dns.LookupAddress) => item.address) : [address];
      if (error === null) {
        const refused = addresses.find((item) => addressOf(item) !== undefined && isForbiddenTarget(item, registryIsLocal));
        if (refused !== undefined) return callback(forbidden(url) as Error as NodeJS.ErrnoException, "");
      }
      return callback(error, address, family);
    });
  };
}

function refuseTarget(hostname: string, registryIsLocal: boolean, url: URL): void {
  if (isForbiddenTarget(bareHost(hostname), registryIsLocal)) throw forbidden(url);
}

function forbidden(url: URL): EngineError {
  return new EngineError("forbidden", `the registry leads to ${url.host}, an address that it may not send anyone to`);
}
