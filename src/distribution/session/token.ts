import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import type { RegistryCredential } from "#spec/registry-auth.ts";
import { readWhole } from "../transport/body.ts";
import type { Realm } from "./realm.ts";
import { registryErrorOf } from "./registry-error.ts";
import { getFollowing } from "../transport/redirects.ts";
import type { TlsProfile } from "../transport/tls.ts";
import type { HttpRequest, HttpResponse, Transport } from "../transport/transport.ts";

export interface TokenRequest {
  readonly realm: Realm;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credential: RegistryCredential;
  /** Ask for a token to be kept, too. */
  readonly offline?: boolean;
}

export interface Token {
  readonly token: string;
  /** To be kept in the place of a password. */
  readonly refreshToken: string | undefined;
}

export interface TokenDeps {
  readonly transport: Transport;
  readonly tls: TlsProfile;
  readonly registryIsLocal: boolean;
  readonly stallMs: number;
}

const TOKEN_LIMIT = 256 * 1024;
const CLIENT_ID = "dhow";

/**
 * Gets a bearer token (distribution token specification; OAuth2 form for an identity token). Without trust in the realm the request
 * is anonymous.
 *
 * @throws EngineError `unauthorized`, `forbidden`, `unavailable`, `invalid` for an answer that is no token.
 */
export async function fetchToken(deps: TokenDeps, request: TokenRequest, signal: AbortSignal): Promise<Token> {
  const credential: RegistryCredential = request.realm.trusted ? request.credential : { kind: "anonymous" };
  const response =
    credential.kind === "identity" ? await refresh(deps, request, credential.token, signal) : await ask(deps, request, credential, signal);
  if (response.status !== 200) throw await registryErrorOf(response, deps.stallMs, signal);
  const body = await readWhole(response, TOKEN_LIMIT, deps.stallMs, signal);
  return tokenOf(body);
}

function ask(deps: TokenDeps, request: TokenRequest, credential: RegistryCredential, signal: AbortSignal): Promise<HttpResponse> {
  const url = new URL(request.realm.url);
  if (request.service !== undefined) url.searchParams.set("service", request.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  const headers: Record<string, string> = {};
  if (credential.kind === "basic") {
    url.searchParams.set("account", credential.username);
    headers["Authorization"] = basicHeader(credential.username, credential.password);
  }
  if (request.offline === true) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", CLIENT_ID);
  }
  const get = { method: "GET", url, headers, tls: deps.tls, ...guardOf(deps, request.realm) } as const;
  return getFollowing(deps.transport, get, deps.registryIsLocal, signal);
}

/** Never follows a redirect: the refresh token would go with it. */
function refresh(deps: TokenDeps, request: TokenRequest, token: string, signal: AbortSignal): Promise<HttpResponse> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: request.service ?? "",
    client_id: CLIENT_ID,
    scope: request.scopes.join(" "),
    refresh_token: token,
  });
  const headers = { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": String(Buffer.byteLength(form.toString())) };
  const post = { method: "POST", url: request.realm.url, headers, body: form.toString(), tls: deps.tls } as const;
  return deps.transport.exchange({ ...post, ...guardOf(deps, request.realm) }, signal);
}

function guardOf(deps: TokenDeps, realm: Realm): Pick<HttpRequest, "guard"> {
  return realm.foreign ? { guard: { registryIsLocal: deps.registryIsLocal } } : {};
}

function tokenOf(body: Buffer): Token {
  let value: unknown;
  try {
    value = parseJsonText(body.toString("utf8"));
  } catch (cause) {
    throw new EngineError("invalid", `the token server's answer is not JSON: ${messageOf(cause)}`, { cause });
  }
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const token = fields["token"] ?? fields["access_token"];
  // A token goes into a header: nothing that could end the line.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new EngineError("unauthorized", "authorization server did not include a token in the response");
  const refreshToken = fields["refresh_token"];
  return { token, refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined };
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
