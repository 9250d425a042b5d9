import type { AttestationWishes } from "#spec/attestations.ts";
import type { CacheExport, CacheSource } from "#spec/build/cache.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { Platform } from "#spec/platform.ts";
import type { EntitlementName } from "./entitlements.ts";
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
  /** Say of each step that was not cached why. */
  readonly explain: boolean;
  /** Ask the registry for every base, whether it is here or not. */
  readonly pull: boolean;
  readonly cacheFrom: readonly CacheSource[];
  /** Where what the build has come to know is put when it is done. */
  readonly cacheTo: readonly CacheExport[];
  /** The image says what its layers are known by. */
  readonly inlineCache: boolean;
  /** What becomes of the result. */
  readonly outputs: readonly BuildOutput[];
  /** What is to be said of the image beside it. */
  readonly attestations: AttestationWishes;
  /** The id under which the client has opened a session; undefined: it offers nothing. */
  readonly session: string | undefined;
  /** One layer in the place of all that the build added. */
  readonly squash: boolean;
  /** Limits, network, hosts, shared memory of RUN. */
  readonly hostConfig: HostConfig;
  /** Rights beyond the sandbox that the client asks for. */
  readonly allow: readonly EntitlementName[];
  /** For `RUN --mount=type=secret`, by id. In memory, and in memory alone. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** The credentials for a registry, by its host name. */
  readonly authFor: (domain: string) => RegistryAuth;
}

export type BuildOutput =
  /** An image of this engine, by the build's names and these. */
  | { readonly kind: "image"; readonly names: readonly Reference[] }
  /** The files alone, as an archive, to the client. @property index its place among what the client asked for. */
  | { readonly kind: "files"; readonly index: number }
  /** The image as an archive, to the client; `oci` without what is Docker's in it. */
  | { readonly kind: "archive"; readonly form: "oci" | "docker"; readonly index: number; readonly names: readonly Reference[] };

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
