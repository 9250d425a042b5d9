import { EngineError } from "#errors/engine-error.ts";
import type { ContextEndpoint } from "./contexts.ts";

/** How TLS is to be spoken: the certificates are PEM files. */
export interface EndpointTls {
  /** Where those that are not named lie, as `ca.pem`, `cert.pem` and `key.pem`; each may be missing. */
  readonly folder: string;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** False believes whoever answers. */
  readonly verify: boolean;
}

/** A daemon to talk to. */
export interface Endpoint {
  /** The context that it is of; `default` when an address was given. */
  readonly context: string;
  /** `unix:///run/dhow/dhow.sock`, `tcp://host:port`. */
  readonly host: string;
  readonly tls: EndpointTls | undefined;
}

export interface EndpointFlags {
  readonly context?: string | undefined;
  readonly host?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly tlsverify?: boolean | undefined;
  readonly tlscacert?: string | undefined;
  readonly tlscert?: string | undefined;
  readonly tlskey?: string | undefined;
}

export interface EndpointSources {
  readonly flags: EndpointFlags;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly currentContext: string | undefined;
  readonly configFolder: string;
  readonly readContext: (name: string) => ContextEndpoint;
}

export const DEFAULT_HOST = "unix:///run/dhow/dhow.sock";

const DEFAULT_CONTEXT = "default";

/**
 * Which daemon is meant, in Docker's order: `--context`, `--host`, DOCKER_HOST, DOCKER_CONTEXT, the configured context, the default.
 *
 * @throws EngineError `invalid` when both `--context` and `--host` are given; `not-found` for an unknown context.
 */
export function resolveEndpoint(sources: EndpointSources): Endpoint {
  const { flags, environment } = sources;
  if (flags.context !== undefined && flags.host !== undefined) {
    throw new EngineError("invalid", "conflicting options: cannot specify both --host and --context");
  }
  const host = flags.host ?? (flags.context === undefined ? nonEmpty(environment["DOCKER_HOST"]) : undefined);
  if (host !== undefined) return direct(host, sources);
  const name = flags.context ?? nonEmpty(environment["DOCKER_CONTEXT"]) ?? nonEmpty(sources.currentContext) ?? DEFAULT_CONTEXT;
  return name === DEFAULT_CONTEXT ? direct(DEFAULT_HOST, sources) : { context: name, ...sources.readContext(name) };
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** An address by itself: TLS is what the flags say, else DOCKER_TLS_VERIFY, with the certificates of DOCKER_CERT_PATH. */
function direct(host: string, { flags, environment, configFolder }: EndpointSources): Endpoint {
  const verify = flags.tlsverify ?? nonEmpty(environment["DOCKER_TLS_VERIFY"]) !== undefined;
  const wanted = verify || flags.tls === true || nonEmpty(environment["DOCKER_TLS"]) !== undefined;
  if (!wanted || host.startsWith("unix://")) return { context: DEFAULT_CONTEXT, host, tls: undefined };
  return {
    context: DEFAULT_CONTEXT,
    host,
    tls: {
      folder: nonEmpty(environment["DOCKER_CERT_PATH"]) ?? configFolder,
      ca: flags.tlscacert,
      cert: flags.tlscert,
      key: flags.tlskey,
      verify,
    },
  };
}
