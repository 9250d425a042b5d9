import type { HostConfig } from "#spec/docker-api/types.ts";
import type { Platform } from "#spec/platform.ts";
import type { Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";

/** What a client asks for. */
export interface BuildInput {
  readonly source: BuildSource;
  /** Within the context, or beside it; empty is `Dockerfile`. */
  readonly dockerfile: string;
  readonly references: readonly Reference[];
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: Platform | undefined;
  /** Nothing is said but the image's id, or what went wrong. */
  readonly quiet: boolean;
  readonly noCache: boolean;
  /** Ask the registry for every base, whether it is here or not. */
  readonly pull: boolean;
  readonly cacheFrom: readonly string[];
  /** One layer in the place of all that the build added. */
  readonly squash: boolean;
  /** Limits, network, hosts, shared memory of RUN. */
  readonly hostConfig: HostConfig;
  /** For `RUN --mount=type=secret`, by id. In memory, and in memory alone. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** The credentials for a registry, by its host name. */
  readonly authFor: (domain: string) => RegistryAuth;
}

export type BuildSource =
  /** The context as an archive, compressed or not; or a Dockerfile alone. */
  | { readonly kind: "archive"; readonly body: AsyncIterable<Uint8Array> }
  /** `https://…` of an archive or a Dockerfile, or a git repository. */
  | { readonly kind: "remote"; readonly url: string };

/** A part of the answer's stream. */
export interface BuildSink {
  push(message: BuildMessage): void;
  /** Resolves when the client has taken enough of it. */
  room(): Promise<void>;
}

export type BuildMessage =
  | { readonly stream: string }
  | { readonly aux: unknown }
  | { readonly status: string; readonly id?: string; readonly progressDetail?: { readonly current?: number; readonly total?: number } };
