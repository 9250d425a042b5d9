import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { familiarString, type Reference } from "#spec/reference.ts";
import type { RegistryAuth, RegistryCredential } from "#spec/registry-auth.ts";
import { credentialFor } from "./session/credential.ts";
import { endpointsOf, type Endpoint, type RegistryOptions } from "./session/endpoint.ts";
import { checkLogin } from "./session/login.ts";
import { RegistrySession, type SessionDeps } from "./session/session.ts";
import { defaultRetry, type RetryOptions } from "./transport/retry.ts";
import { loadTlsProfile } from "./transport/tls.ts";
import type { Proxies } from "./transport/proxies.ts";
import { Transport } from "./transport/transport.ts";

export interface RegistriesOptions {
  readonly registries: RegistryOptions;
  /** Folders like /etc/docker/certs.d. */
  readonly certificateFolders: readonly string[];
  readonly userAgent: string;
  readonly proxies?: Proxies;
  readonly retry?: RetryOptions;
  /** Most time without a byte. */
  readonly stallMs?: number;
  /** Most time until an answer begins. */
  readonly headMs?: number;
}

/** A registry, and who asks it. */
export interface HostDeps extends SessionDeps {
  readonly credential: RegistryCredential;
}

const STALL_MS = 60_000;
const HEAD_MS = 30_000;

/** The registries of the world, as this daemon is told to reach them. */
export class Registries {
  readonly retry: RetryOptions;
  readonly #options: RegistriesOptions;
  readonly #logger: Logger;
  readonly #transport: Transport;

  constructor({ logger }: { logger: Logger }, options: RegistriesOptions) {
    this.#options = options;
    this.#logger = logger;
    this.retry = options.retry ?? defaultRetry;
    const { userAgent, headMs = HEAD_MS } = options;
    this.#transport = new Transport({ userAgent, headMs, proxies: () => options.proxies });
  }

  /** Where to have a repository from, best first. */
  #endpointsOf(reference: Reference): Endpoint[] {
    return endpointsOf(reference.domain, this.#options.registries);
  }

  /** With the registry itself: nothing is pushed to a mirror. `alsoRead` are repositories to mount layers from. */
  async openForPush(reference: Reference, auth: RegistryAuth, alsoRead: readonly string[], signal: AbortSignal): Promise<RegistrySession> {
    const endpoint = this.#endpointsOf(reference).find(({ mirror }) => !mirror) as Endpoint;
    return this.#open(endpoint, reference, auth, { actions: "pull,push", alsoRead }, signal);
  }

  /** With the registry itself, to read: what was pushed there is not looked for at a mirror. */
  async openForRead(reference: Reference, auth: RegistryAuth, signal: AbortSignal): Promise<RegistrySession> {
    const endpoint = this.#endpointsOf(reference).find(({ mirror }) => !mirror) as Endpoint;
    return this.#open(endpoint, reference, auth, {}, signal);
  }

  /**
   * Asks the endpoints of a repository in turn. A mirror that fails, for whatever reason, hands over to the next.
   *
   * @throws what the registry itself answers with.
   */
  async fromAny<T>(
    reference: Reference,
    auth: RegistryAuth,
    signal: AbortSignal,
    work: (session: RegistrySession) => Promise<T>,
  ): Promise<T> {
    for (const endpoint of this.#endpointsOf(reference)) {
      try {
        return await work(await this.#open(endpoint, reference, auth, {}, signal));
      } catch (error) {
        if (!endpoint.mirror || signal.aborted || isEngineError(error, "cancelled", "exhausted")) throw error;
        const facts = { mirror: endpoint.host, image: familiarString(reference), err: error };
        this.#logger.warn(facts, "mirror failed, trying the next");
      }
    }
    throw new EngineError("unavailable", `no endpoints found for ${familiarString(reference)}`);
  }

  /**
   * Tries the credentials at the registry that they are for.
   *
   * @returns a token to be kept in their place, where the registry gives one.
   * @throws EngineError `unauthorized`.
   */
  async login(domain: string, credential: RegistryCredential, signal: AbortSignal): Promise<string | undefined> {
    const endpoint = endpointsOf(domain, { ...this.#options.registries, mirrors: [] }).at(-1) as Endpoint;
    return checkLogin(await this.#deps(endpoint), credential, signal);
  }

  /** Whom to ask for what is no repository's: search. */
  async openHost(domain: string, auth: RegistryAuth): Promise<HostDeps> {
    const endpoint = endpointsOf(domain, { ...this.#options.registries, mirrors: [] }).at(-1) as Endpoint;
    return { ...(await this.#deps(endpoint)), credential: credentialFor(auth, domain) };
  }

  /** Closes idle connections. */
  close(): void {
    this.#transport.close();
  }

  async #open(
    endpoint: Endpoint,
    reference: Reference,
    auth: RegistryAuth,
    scope: { actions?: "pull,push"; alsoRead?: readonly string[] },
    signal: AbortSignal,
  ): Promise<RegistrySession> {
    const credential = endpoint.mirror ? ({ kind: "anonymous" } as const) : credentialFor(auth, reference.domain);
    if (!endpoint.mirror && credential.kind !== auth.credential.kind) {
      const facts = { registry: endpoint.host, meantFor: auth.serverAddress };
      this.#logger.warn(facts, "credentials that are meant for another registry are not sent");
    }
    return RegistrySession.open(await this.#deps(endpoint), { repository: reference.path, credential, ...scope }, signal);
  }
  async #deps(endpoint: Endpoint): Promise<SessionDeps> {
    const { certificateFolders, stallMs = STALL_MS, registries } = this.#options;
    const tls = await loadTlsProfile(certificateFolders, endpoint.host, !endpoint.insecure);
    return { transport: this.#transport, endpoint, tls, insecureRegistries: registries.insecureRegistries, stallMs };
  }
}
