import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { RegistryCredential } from "#spec/registry-auth.ts";
import { discard } from "../transport/body.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { judgeRealm } from "./realm.ts";
import { getFollowing } from "../transport/redirects.ts";
import { registryErrorOf } from "./registry-error.ts";
import type { TlsProfile } from "../transport/tls.ts";
import { basicHeader, fetchToken } from "./token.ts";
import type { HttpResponse, Transport } from "../transport/transport.ts";

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
}

/**
 * Reads one repository of one registry, with what its server asks for by way of authentication. Tokens are kept for the session
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
    let failure: unknown;
    for (const base of deps.endpoint.bases) {
      try {
        const response = await getFollowing(deps.transport, pingRequest(deps, base), deps.endpoint.local, signal);
        discard(response);
        // A TLS server answers plain http with 400.
        const isWrongScheme = response.status === 400 && base !== deps.endpoint.bases.at(-1);
        if (!isWrongScheme) return new RegistrySession(deps, target, base, challengesOf(response));
      } catch (error) {
        if (!isEngineError(error, "unavailable")) throw error;
        failure = error;
      }
    }
    throw failure instanceof Error ? failure : new EngineError("unavailable", `${deps.endpoint.host} does not answer as a registry`);
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
    const url = new URL(`/v2/${this.#target.repository}/${path}`, this.#base);
    const used = await this.#authorize(signal);
    let response = await this.#send(url, headers, used, signal);
    if (response.status === 401 && response.url.origin === this.#base.origin) {
      discard(response);
      response = await this.#send(url, headers, await this.#reauthorize(response, used, signal), signal);
    }
    const isFine = (response.status >= 200 && response.status < 300) || response.status === 416;
    if (!isFine) throw await registryErrorOf(response, this.stallMs, signal);
    return response;
  }

  #send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const own = authorization === undefined ? {} : { Authorization: authorization };
    const request = { method: "GET", url, headers: { ...headers, ...own }, tls: this.#deps.tls } as const;
    return getFollowing(this.#deps.transport, request, this.#deps.endpoint.local, signal);
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
    if (bearer !== undefined) return `Bearer ${await this.#token(bearer, signal)}`;
    if (!challenges.some(({ scheme }) => scheme === "basic")) return undefined;
    if (credential.kind !== "basic")
      throw new EngineError("unauthorized", `Get ${JSON.stringify(this.#base.href)}: no basic auth credentials`);
    return basicHeader(credential.username, credential.password);
  }

  async #token(challenge: Challenge, signal: AbortSignal): Promise<string> {
    const { transport, endpoint, tls, insecureRegistries, stallMs } = this.#deps;
    const realm = judgeRealm(challenge.parameters.get("realm") ?? "", this.#base, endpoint, insecureRegistries);
    const scope = `repository:${this.#target.repository}:pull`;
    const request = { realm, service: challenge.parameters.get("service"), scope, credential: this.#target.credential };
    return fetchToken({ transport, tls, registryIsLocal: endpoint.local, stallMs }, request, signal);
  }
}

function pingRequest({ tls }: SessionDeps, base: URL): Parameters<typeof getFollowing>[1] {
  return { method: "GET", url: new URL("/v2/", base), headers: {}, tls };
}

function challengesOf(response: HttpResponse): Challenge[] {
  return response.status === 401 ? parseChallenges(response.headers["www-authenticate"]) : [];
}
