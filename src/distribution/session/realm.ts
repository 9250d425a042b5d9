import { EngineError } from "#errors/engine-error.ts";
import { isForbiddenTarget, matchesRegistryEntry } from "../transport/address.ts";
import type { Endpoint } from "./endpoint.ts";

/** A token server's address, and whether it may learn the user's credentials. */
export interface Realm {
  readonly url: URL;
  readonly trusted: boolean;
  /** Another host than the registry: its name may not lead to an address that is refused. */
  readonly foreign: boolean;
}

/**
 * Judges the address of the token server that a registry's challenge names. The registry is a stranger: it must not make us send
 * credentials in the clear, to another service of this machine, or to an address inside the network's plumbing.
 *
 * - https: anywhere but this machine and link-local addresses. The registry could have asked for the credentials itself, so a
 *   second server behind TLS learns nothing more.
 * - http: only for a registry that is itself reached by http. Credentials only when the realm is the registry's own origin, or the
 *   administrator has named it in insecure-registries.
 *
 * @throws EngineError `forbidden`.
 */
export function judgeRealm(realm: string, base: URL, endpoint: Endpoint, insecureRegistries: readonly string[]): Realm {
  const url = URL.parse(realm);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) throw refused(realm, "no http address");
  if (url.username !== "" || url.password !== "") throw refused(url.origin, "an address with credentials in it");
  const foreign = url.hostname !== base.hostname;
  if (foreign && isForbiddenTarget(url.hostname, endpoint.local)) throw refused(url.origin, "an address that it may not send anyone to");
  const named = insecureRegistries.some((entry) => matchesRegistryEntry(url.host, url.hostname, entry));
  if (url.protocol === "https:") return { url, trusted: true, foreign };
  if (base.protocol !== "http:" && !named) throw refused(url.origin, "an address without encryption");
  return { url, trusted: url.origin === base.origin || named, foreign };
}

function refused(realm: string, why: string): EngineError {
  return new EngineError("forbidden", `the registry asks for a token from ${JSON.stringify(realm.slice(0, 200))}: ${why}`);
}
