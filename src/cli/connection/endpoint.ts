import { EngineError } from "#errors/engine-error.ts";
import { join } from "node:path";
import type { ContextEndpoint } from "./contexts.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** A daemon to talk to. */
export interface Endpoint {
  /** `unix:///run/dhow/dhow.sock`, `tcp://host:port`. */
  readonly host: string;
  readonly tls: (TlsFiles & { readonly verify: boolean }) | undefined;
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
  const name = flags.context ?? nonEmpty(environment["DOCKER_CONTEXT"]) ?? nonEmpty(sources.currentContext) ?? "default";
  if (name === "default") return direct(DEFAULT_HOST, sources);
  const context = sources.readContext(name);
  return { host: context.host, tls: context.tls === undefined ? undefined : { ...context.tls, verify: !context.skipVerify } };
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** An address by itself: TLS is what the flags say, else DOCKER_TLS_VERIFY, with the certificates of DOCKER_CERT_PATH. */
function direct(host: string, { flags, environment, configFolder }: EndpointSources): Endpoint {
  const verify = flags.tlsverify ?? nonEmpty(environment["DOCKER_TLS_VERIFY"]) !== undefined;
  const wanted = verify || flags.tls === true || nonEmpty(environment["DOCKER_TLS"]) !== undefined;
  if (!wanted || host.startsWith("unix://")) return { host, tls: undefined };
  const folder = nonEmpty(environment["DOCKER_CERT_PATH"]) ?? configFolder;
  return {
    host,
    tls: {
      ca: flags.tlscacert ?? join(folder, "ca.pem"),
      cert: flags.tlscert ?? join(folder, "cert.pem"),
      key: flags.tlskey ?? join(folder, "key.pem"),
      verify,
    },
  };
}
