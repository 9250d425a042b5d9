import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { RegistryCredential } from "#spec/registry-auth.ts";
import { discard } from "../transport/body.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { judgeRealm } from "./realm.ts";
import { getFollowing } from "../transport/redirects.ts";
import { registryErrorOf } from "./registry-error.ts";
import type { TlsProfile } from "../transport/tls.ts";
import { basicHeader, fetchToken, type Token } from "./token.ts";
import type { RequestBody } from "../transport/request-body.ts";
import type { HttpRequest, HttpResponse, Transport } from "../transport/transport.ts";

export interface SessionDeps {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly tls: TlsProfile;
  readonly insecureRegistries: readonly string[];
  readonly stallMs: number;
}

export interface SessionTarget {
  /** `library/ubuntu` */
  readonly repository: string;
  readonly credential: RegistryCredential;
  /** What a token is asked for; only to pull, without. */
  readonly actions?: "pull" | "pull,push";
  /** The list of all repositories is asked for, and no repository. */
  readonly catalogue?: boolean;
  /** Repositories of the same registry that are read besides: layers are mounted from them. */
  readonly alsoRead?: readonly string[];
}

/** A request below a repository, or to an address that the registry has given. */
export interface SessionRequest {
  readonly method: HttpRequest["method"];
  /** Below `/v2/<repository>/`, or whole. */
  readonly to: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for every attempt. */
  readonly body?: () => RequestBody;
}

/**
 * Reads and writes one repository of one registry, with what its server asks for by way of authentication. Tokens are kept for the session
 * alone; one that has expired is replaced when the server says so.
 */
export class RegistrySession {
  readonly stallMs: number;
  readonly #deps: SessionDeps;
  readonly #target: SessionTarget;
  readonly #base: URL;
  #challenges: readonly Challenge[];
  #authorization: Promise<string | undefined> | undefined;

  private constructor(deps: SessionDeps, target: SessionTarget, base: URL, challenges: readonly Challenge[]) {
    this.stallMs = deps.stallMs;
    this.#deps = deps;
    this.#target = target;
    this.#base = base;
    this.#challenges = challenges;
  }

  /**
   * Finds out which scheme the server speaks and what it asks for. No credentials are sent here.
   *
   * @throws EngineError `unavailable` when it cannot be reached.
   */
  static async open(deps: SessionDeps, target: SessionTarget, signal: AbortSignal): Promise<RegistrySession> {
    const { base, challenges } = await greet(deps, signal);
    return new RegistrySession(deps, target, base, challenges);
  }

  /** Tells one session's blobs from another's. */
  get origin(): string {
    return `${this.#base.origin}/${this.#target.repository}`;
  }

  /**
   * GET below `/v2/<repository>/`. Only 2xx (and 416) come back.
   *
   * @throws EngineError with the registry's words; `transient` ones may be tried again.
   */
  async get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpResponse> {
    const response = await this.ask({ method: "GET", to: path, headers }, signal);
    const isFine = (response.status >= 200 && response.status < 300) || response.status === 416;
    if (!isFine) throw await registryErrorOf(response, this.stallMs, signal);
    return response;
  }

  /**
   * Sends a request whose body, if any, can be made again, and gives the answer whatever it is, of the status of a refusal too. Credentials
   * go to the registry's own origin alone.
   *
   * @throws EngineError when there is no answer, or none that may be followed.
   */
  async ask(request: SessionRequest, signal: AbortSignal): Promise<HttpResponse> {
    const url = typeof request.to === "string" ? new URL(`/v2/${this.#target.repository}/${request.to}`, this.#base) : request.to;
    if (url.origin !== this.#base.origin) return this.#send(url, request, undefined, signal);
    const used = await this.#authorize(signal);
    const response = await this.#send(url, request, used, signal);
    if (response.status !== 401 || response.url.origin !== this.#base.origin) return response;
    discard(response);
    return this.#send(url, request, await this.#reauthorize(response, used, signal), signal);
  }

  /** As `ask`, for a request that has to be answered with one of these. @throws EngineError with the registry's words. */
  async expect(statuses: readonly number[], request: SessionRequest, signal: AbortSignal): Promise<HttpResponse> {
    const response = await this.ask(request, signal);
    if (!statuses.includes(response.status)) throw await registryErrorOf(response, this.stallMs, signal);
    return response;
  }

  #send(
    url: URL,
    { method, headers, body }: SessionRequest,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const { transport, endpoint, tls } = this.#deps;
    const own = authorization === undefined ? {} : { Authorization: authorization };
    const guard = url.hostname === this.#base.hostname ? {} : { guard: { registryIsLocal: endpoint.local } };
    const request = { method, url, headers: { ...headers, ...own }, tls, ...guard };
    if (method === "GET" || method === "HEAD") return getFollowing(transport, request, endpoint.local, signal);
    return transport.exchange(body === undefined ? request : { ...request, body: body() }, signal);
  }

  /** One token request for all that wait for it; one that failed is not kept. */
  async #authorize(signal: AbortSignal): Promise<string | undefined> {
    const pending = (this.#authorization ??= this.#answerTo(this.#challenges, signal));
    try {
      return await pending;
    } catch (error) {
      if (this.#authorization === pending) this.#authorization = undefined;
      throw error;
    }
  }

  /** What was sent did not do. Whoever comes second finds that the first has a new token already. */
  async #reauthorize(response: HttpResponse, used: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    if ((await this.#authorization?.catch(() => undefined)) === used) {
      this.#challenges = challengesOf(response);
      this.#authorization = undefined;
    }
    return this.#authorize(signal);
  }

  async #answerTo(challenges: readonly Challenge[], signal: AbortSignal): Promise<string | undefined> {
    const { credential } = this.#target;
    if (credential.kind === "registry") return `Bearer ${credential.token}`;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) return `Bearer ${(await this.#token(bearer, signal)).token}`;
    if (!challenges.some(({ scheme }) => scheme === "basic")) return undefined;
    if (credential.kind !== "basic")
      throw new EngineError("unauthorized", `Get ${JSON.stringify(this.#base.href)}: no basic auth credentials`);
    return basicHeader(credential.username, credential.password);
  }

  async #token(challenge: Challenge, signal: AbortSignal): Promise<Token> {
    const { transport, endpoint, tls, insecureRegistries, stallMs } = this.#deps;
    const realm = judgeRealm(challenge.parameters.get("realm") ?? "", this.#base, endpoint, insecureRegistries);
    const { repository, actions = "pull", alsoRead = [], catalogue = false, credential } = this.#target;
    const own = catalogue ? "registry:catalog:*" : `repository:${repository}:${actions}`;
    const scopes = [own, ...alsoRead.map((other) => `repository:${other}:pull`)];
    const request = { realm, service: challenge.parameters.get("service"), scopes, credential };
    return fetchToken({ transport, tls, registryIsLocal: endpoint.local, stallMs }, request, signal);
  }
}

/**
 * Finds out where a registry is, and what it asks for. No credentials are sent.
 *
 * @throws EngineError `unavailable`.
 */
export async function greet(deps: SessionDeps, signal: AbortSignal): Promise<{ base: URL; challenges: readonly Challenge[] }> {
  let failure: unknown;
  for (const base of deps.endpoint.bases) {
    try {
      const response = await getFollowing(deps.transport, pingRequest(deps, base), deps.endpoint.local, signal);
      discard(response);
      // A TLS server answers plain http with 400.
      const isWrongScheme = response.status === 400 && base !== deps.endpoint.bases.at(-1);
      if (!isWrongScheme) return { base, challenges: challengesOf(response) };
    } catch (error) {
      if (!isEngineError(error, "unavailable")) throw error;
      // Where both are tried it is plain http's words that say what is the matter: TLS spoken to it says nothing.
      if (failure === undefined || base.protocol === "http:") failure = error;
    }
  }
  throw failure instanceof Error ? failure : new EngineError("unavailable", `${deps.endpoint.host} does not answer as a registry`);
}

function pingRequest({ tls }: SessionDeps, base: URL): Parameters<typeof getFollowing>[1] {
  return { method: "GET", url: new URL("/v2/", base), headers: {}, tls };
}

function challengesOf(response: HttpResponse): Challenge[] {
  return response.status === 401 ? parseChallenges(response.headers["www-authenticate"]) : [];
}
