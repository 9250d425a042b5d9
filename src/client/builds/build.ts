import type { AuthConfig } from "#spec/docker-api/types.ts";
import { BUILD_SECRETS_HEADER, encodeBuildSecrets, type BuildSecrets } from "#spec/build/secrets.ts";
import { BUILD_SESSION_HEADER } from "#spec/build/session.ts";
import type { AttestationWishes } from "#spec/attestations.ts";
import type { BuildOffers } from "./session.ts";
import type { CallOptions } from "../caller.ts";
import type { Query } from "../query.ts";

export interface BuildOptions {
  /** An archive, compressed or not, or a Dockerfile alone; or the address of one, or of a git repository, that the daemon gets itself. */
  readonly context: { readonly body: AsyncIterable<Uint8Array> } | { readonly remote: string };
  /** Path within the context; `Dockerfile` where it is not given. */
  readonly dockerfile?: string | undefined;
  readonly tags?: readonly string[];
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  /** null is a name without a value. */
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cacheFrom?: readonly string[];
  /** What the daemon is to say of the image beside it. A parameter of Dhow's own. */
  readonly attestations?: AttestationWishes | undefined;
  /** Where the cache is put: `type=registry,ref=…,mode=max,mounts=true`, `type=local,index=N` of `offers.caches`, `type=inline`. A parameter of Dhow's own. */
  readonly cacheTo?: readonly string[];
  /** Rights beyond the sandbox: `network.host`, `security.insecure`. A parameter of Dhow's own. */
  readonly allow?: readonly string[];
  readonly extraHosts?: readonly string[];
  readonly securityOptions?: readonly string[];
  readonly ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  /** The other parameters of `POST /build`, by their names there: `nocache`, `q`, `memory`. */
  readonly parameters?: Query;
  /** For the registries of private bases, by address. The daemon keeps nothing of it. */
  readonly auths?: Readonly<Record<string, AuthConfig>>;
  /** For `RUN --mount=type=secret`, by id. Only a daemon of Dhow takes them. */
  readonly secrets?: BuildSecrets;
  /** What becomes of the result; an image, unless something is said. Types `local`, `tar`, `oci` and `docker` come to `offers.outputs`. */
  readonly outputs?: readonly { readonly Type: string; readonly Attrs: Readonly<Record<string, string>> }[];
  /** What the daemon may ask for while it builds. Only a daemon of Dhow does. */
  readonly offers?: BuildOffers | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The request of a build: query, headers and body. @param session the id of one that is open. */
export function buildCall(options: BuildOptions, session?: string): CallOptions {
  const { context, secrets = new Map<string, Uint8Array>(), signal } = options;
  const block = secrets.size === 0 ? undefined : encodeBuildSecrets(secrets);
  const body = "body" in context ? context.body : nothing();
  return {
    query: queryOf(options),
    headers: {
      "Content-Type": "application/x-tar",
      ...(options.auths === undefined ? {} : { "X-Registry-Config": Buffer.from(JSON.stringify(options.auths)).toString("base64url") }),
      ...(session === undefined ? {} : { [BUILD_SESSION_HEADER]: session }),
      ...(block === undefined ? {} : { [BUILD_SECRETS_HEADER]: String(block.byteLength) }),
    },
    body: block === undefined ? body : joined(block, body),
    signal,
  };
}

function queryOf({ context, tags, dockerfile, target, platform, ...options }: BuildOptions): Query {
  return {
    ...options.parameters,
    version: "1",
    t: tags,
    dockerfile,
    target,
    platform,
    remote: "remote" in context ? context.remote : undefined,
    buildargs: json(options.buildArgs),
    labels: json(options.labels),
    allow: json(options.allow),
    attestations: json(options.attestations),
    cacheto: json(options.cacheTo),
    cachefrom: json(options.cacheFrom),
    securityopt: json(options.securityOptions),
    ulimits: json(options.ulimits),
    outputs: json(options.outputs),
    extrahosts: options.extraHosts,
  };
}

function json(value: object | undefined): string | undefined {
  return value === undefined || Object.keys(value).length === 0 ? undefined : JSON.stringify(value);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* joined(first: Uint8Array, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* body;
}
