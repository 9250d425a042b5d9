import { EngineError } from "#errors/engine-error.ts";
import type { BuildInput } from "./build-input.ts";
import type { Entitlements } from "./policy.ts";

/** As BuildKit calls them. */
export type EntitlementName = "network.host" | "security.insecure";

/**
 * What a build may have beyond the sandbox: what its client asks for, and the operator allows. Who runs all of the build in the host's network asks for it, too.
 *
 * @throws EngineError `forbidden` for what the operator does not allow.
 */
export function entitlementsOf(
  { allow, hostConfig }: Pick<BuildInput, "allow" | "hostConfig">,
  allowed: Entitlements,
): ReadonlySet<EntitlementName> {
  const asked = new Set<EntitlementName>(allow);
  if (hostConfig.NetworkMode === "host") asked.add("network.host");
  const refused = [...asked].find((name) => (name === "network.host" ? !allowed.networkHost : !allowed.securityInsecure));
  if (refused === undefined) return asked;
  throw new EngineError(
    "forbidden",
    `granting entitlement ${refused} is not allowed by build daemon configuration (builder.entitlements of daemon.json)`,
  );
}
