import { EngineError } from "#errors/engine-error.ts";
import type { RegistryAuth, RegistryCredential } from "#spec/registry-auth.ts";

const HUB_DOMAIN = "docker.io";
/** Names that `docker login` writes for Docker Hub. */
const HUB: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/**
 * The credentials that may go to a registry: those without an address, or with this registry's. A client that attaches those of
 * `reg.io` to a pull from `reg.io.evil` must not have them delivered.
 */
export function credentialFor(auth: RegistryAuth, domain: string): RegistryCredential {
  if (auth.serverAddress === undefined) return auth.credential;
  const meant = hostOf(auth.serverAddress);
  const fits = meant === domain.toLowerCase() || (domain === HUB_DOMAIN && HUB.has(meant));
  return fits ? auth.credential : { kind: "anonymous" };
}

/** The registry that credentials are for; Docker Hub when they do not say. @throws EngineError `invalid`. */
export function domainOf({ serverAddress }: RegistryAuth): string {
  const host = hostOf(serverAddress ?? HUB_DOMAIN);
  if (HUB.has(host)) return HUB_DOMAIN;
  if (!/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host))
    throw new EngineError("invalid", `invalid registry name ${JSON.stringify(host)}`);
  return host;
}

/** `https://index.docker.io/v1/` is `index.docker.io`. */
function hostOf(address: string): string {
  return (address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "").toLowerCase();
}
