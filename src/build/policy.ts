import type { GcRule } from "#spec/build/gc.ts";

/** What the operator says of builds: `builder` of daemon.json. */
export interface BuilderPolicy {
  readonly gc: { readonly rules: readonly GcRule[] };
  readonly entitlements: Entitlements;
}

/** Rights beyond the sandbox, which a build has where the operator allows them and its client asks for them. */
export interface Entitlements {
  readonly networkHost: boolean;
  readonly securityInsecure: boolean;
}
