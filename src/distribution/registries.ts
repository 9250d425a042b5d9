import type { Logger } from "#lib/logger.ts";
import type { Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import { credentialFor } from "./session/credential.ts";
import { endpointsOf, type Endpoint, type RegistryOptions } from "./session/endpoint.ts";
import { RegistrySession } from "./session/session.ts";
import { defaultRetry, type RetryOptions } from "./transport/retry.ts";
import { loadTlsProfile } from "./transport/tls.ts";
import { Transport } from "./transport/transport.ts";

export interface RegistriesOptions {
  readonly registries: RegistryOptions;
  /** Folders like /etc/docker/certs.d. */
  readonly certificateFolders: readonly string[];
  readonly userAgent: string;
  readonly retry?: RetryOptions;
  /** Most time without a byte. */
  readonly stallMs?: number;
  /** Most time until an answer begins. */
  readonly headMs?: number;
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
    this.#transport = new Transport({ userAgent: options.userAgent, headMs: options.headMs ?? HEAD_MS });
  }

  /** Where to pull a repository from, best first. */
  endpointsOf(reference: Reference): Endpoint[] {
    return endpointsOf(reference.domain, this.#options.registries);
  }

  /** @throws EngineError `unavailable` when it cannot be reached. */
  open(endpoint: Endpoint, reference: Reference, auth: RegistryAuth, signal: AbortSignal): Promise<RegistrySession> {
    return this.#open(endpoint, reference, auth, {}, signal);
  }

  /** With the registry itself: nothing is pushed to a mirror. `alsoRead` are repositories to mount layers from. */
  async openForPush(reference: Reference, auth: RegistryAuth, alsoRead: readonly string[], signal: AbortSignal): Promise<RegistrySession> {
    const endpoint = this.endpointsOf(reference).find(({ mirror }) => !mirror) as Endpoint;
    return this.#open(endpoint, reference, auth, { actions: "pull,push", alsoRead }, signal);
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
    const { certificateFolders, stallMs = STALL_MS, registries } = this.#options;
    const tls = await loadTlsProfile(certificateFolders, endpoint.host, !endpoint.insecure);
    const credential = endpoint.mirror ? ({ kind: "anonymous" } as const) : credentialFor(auth, reference.domain);
    if (!endpoint.mirror && credential.kind !== auth.credential.kind) {
      const facts = { registry: endpoint.host, meantFor: auth.serverAddress };
      this.#logger.warn(facts, "credentials that are meant for another registry are not sent");
    }
    const { insecureRegistries } = registries;
    const deps = { transport: this.#transport, endpoint, tls, insecureRegistries, stallMs };
    return RegistrySession.open(deps, { repository: reference.path, credential, ...scope }, signal);
  }
}
