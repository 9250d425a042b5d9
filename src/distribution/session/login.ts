import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { RegistryCredential } from "#spec/registry-auth.ts";
import { discard } from "../transport/body.ts";
import { getFollowing } from "../transport/redirects.ts";
import type { Challenge } from "./challenge.ts";
import { judgeRealm } from "./realm.ts";
import { greet, type SessionDeps } from "./session.ts";
import { basicHeader, fetchToken } from "./token.ts";

/**
 * Tries credentials as `docker login` does: they have to open the registry's base.
 *
 * @returns a token to be kept in the place of the password, where the token server gives one.
 * @throws EngineError `unauthorized` when they are wrong; `forbidden` when the token server may not have them.
 */
export async function checkLogin(deps: SessionDeps, credential: RegistryCredential, signal: AbortSignal): Promise<string | undefined> {
  const { base, challenges } = await greet(deps, signal);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) return checkToken(deps, base, bearer, credential, signal);
  const isBasic = challenges.some(({ scheme }) => scheme === "basic");
  if (!isBasic) return undefined;
  if (credential.kind !== "basic")
    throw new EngineError("unauthorized", `Get ${JSON.stringify(pingOf(base).href)}: no basic auth credentials`);
  await knock(deps, base, basicHeader(credential.username, credential.password), signal);
  return undefined;
}

async function checkToken(
  deps: SessionDeps,
  base: URL,
  challenge: Challenge,
  credential: RegistryCredential,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { transport, tls, endpoint, stallMs, insecureRegistries } = deps;
  const realm = judgeRealm(challenge.parameters.get("realm") ?? "", base, endpoint, insecureRegistries);
  // Asked as nobody it would say yes.
  if (!realm.trusted)
    throw new EngineError("forbidden", `${realm.url.origin} is not sent credentials: it is neither encrypted nor the registry itself`);
  const request = { realm, service: challenge.parameters.get("service"), scopes: [], credential, offline: true };
  try {
    const { token, refreshToken } = await fetchToken({ transport, tls, registryIsLocal: endpoint.local, stallMs }, request, signal);
    await knock(deps, base, `Bearer ${token}`, signal);
    return refreshToken;
  } catch (error) {
    if (!isEngineError(error, "unauthorized")) throw error;
    throw new EngineError("unauthorized", `Get ${JSON.stringify(pingOf(base).href)}: ${error.message}`, { cause: error });
  }
}

async function knock({ transport, tls, endpoint }: SessionDeps, base: URL, authorization: string, signal: AbortSignal): Promise<void> {
  const url = pingOf(base);
  const request = { method: "GET", url, headers: { Authorization: authorization }, tls } as const;
  const response = await getFollowing(transport, request, endpoint.local, signal);
  discard(response);
  if (response.status === 200) return;
  const status = `${response.status} ${response.body.statusMessage ?? ""}`.trim();
  const category = response.status === 401 || response.status === 403 ? "unauthorized" : "unavailable";
  throw new EngineError(category, `login attempt to ${url.href} failed with status: ${status}`);
}

const pingOf = (base: URL): URL => new URL("/v2/", base);
