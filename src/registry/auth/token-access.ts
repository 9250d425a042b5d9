import { randomBytes } from "node:crypto";
import type { HttpRequest, RawReply } from "#http/answer.ts";
import type { Access, Action, Principal, Scope } from "../access.ts";
import { accountOf } from "../answer.ts";
import { jsonReply, reply } from "../context.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import { contentLength } from "../routes/parts.ts";
import { patiently, readBody } from "../routes/body.ts";
import { basicCredentials, type Credentials, hasAuthorization, originOf } from "./basic-header.ts";
import type { TokenSigner } from "./jwt.ts";
import type { Passwords } from "./passwords.ts";
import type { Policy } from "./policy.ts";
import { grantScopes, includesAction, includesCatalog, parseScopes } from "./scopes.ts";

export interface TokenAccessDeps {
  readonly passwords: Passwords;
  readonly policy: () => Policy;
  readonly signer: TokenSigner;
}

export interface TokenAccessOptions {
  /** What tokens are good for, and what clients name to the token endpoint. */
  readonly service: string;
  /** Where clients see this registry; undefined is wherever they say. */
  readonly publicUrl: string | undefined;
}

const ISSUER = "dhow registry";
/** Refresh tokens are good at the token endpoint alone. */
const REFRESH = "refresh";
const LIFETIME_S = 300;
const REFRESH_LIFETIME_S = 90 * 24 * 3600;
const FORM_BYTES = 64 * 1024;
const FORM_STALL_MS = 10_000;

/**
 * Docker's token flow, both sides of it: the registry asks for a token with a scope, and gives it out itself at `/token` to who has shown a
 * password. What a token says bounds what it is good for, and the policy is looked at again when it is used: what is taken away there is
 * gone at once, and not when the token ends.
 */
export class TokenAccess implements Access {
  readonly #deps: TokenAccessDeps;
  readonly #options: TokenAccessOptions;

  constructor(deps: TokenAccessDeps, options: TokenAccessOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  identify(request: HttpRequest): Promise<Principal> {
    return new Promise((resolve) => resolve(this.#identify(request)));
  }

  #identify(request: HttpRequest): Principal {
    const account = accountOf(request);
    if (!hasAuthorization(request)) return { user: undefined, account };
    const token = /^bearer +([A-Za-z0-9._-]+) *$/i.exec(String(request.headers["authorization"]))?.[1] ?? "";
    const claims = this.#deps.signer.read(token, { issuer: ISSUER, audience: this.#options.service, now: Date.now() / 1000 });
    if (claims === undefined) throw this.#challenge(request, undefined, "invalid_token");
    const user = claims.sub === "" ? undefined : claims.sub;
    return { user, account: user === undefined ? account : `user:${user}`, scopes: claims["access"] as Scope[] };
  }

  async identifyReader(request: HttpRequest): Promise<Principal> {
    const account = accountOf(request);
    const credentials = basicCredentials(request);
    if (credentials === undefined && !hasAuthorization(request) && this.#deps.policy().hasAnonymous) return { user: undefined, account };
    return { user: await this.#userOf(credentials, account), account };
  }

  checkBase({ scopes }: Principal, request: HttpRequest): void {
    if (scopes === undefined) throw this.#challenge(request, undefined, undefined);
  }

  checkCatalog({ scopes }: Principal, request: HttpRequest): void {
    if (scopes === undefined || !includesCatalog(scopes))
      throw this.#challenge(request, "registry:catalog:*", scopes && "insufficient_scope");
  }

  check(principal: Principal, repository: RepositoryName, action: Action, request: HttpRequest): void {
    if (this.allows(principal, repository, action)) return;
    const { user, scopes } = principal;
    if (user !== undefined && !this.#deps.policy().allows(user, repository, action)) {
      throw new RegistryError("DENIED", `${user} may not ${action} here`, { detail: { name: repository, action } });
    }
    const wanted = action === "push" ? "pull,push" : action;
    throw this.#challenge(request, `repository:${repository}:${wanted}`, scopes && "insufficient_scope");
  }

  allows({ user, scopes }: Principal, repository: RepositoryName, action: Action): boolean {
    return scopes !== undefined && includesAction(scopes, repository, action) && this.#deps.policy().allows(user, repository, action);
  }

  maySee({ user }: Principal, repository: RepositoryName): boolean {
    return this.#deps.policy().allows(user, repository, "pull");
  }

  /** GET with Basic or nothing; POST as OAuth 2 has it, with a password or a refresh token. */
  async token(request: HttpRequest): Promise<RawReply> {
    const query = new URLSearchParams(request.target.split("?", 2)[1] ?? "");
    return request.method === "POST" ? this.#grantByForm(request) : this.#grantByQuery(request, query);
  }

  async #grantByQuery(request: HttpRequest, query: URLSearchParams): Promise<RawReply> {
    this.#checkService(query.get("service"));
    const credentials = basicCredentials(request);
    const user = hasAuthorization(request) ? await this.#userOf(credentials, accountOf(request)) : undefined;
    return this.#grant(user, query.getAll("scope"), query.get("offline_token") === "true");
  }

  async #grantByForm(request: HttpRequest): Promise<RawReply> {
    const body = await readBody(patiently(request.body, FORM_STALL_MS), contentLength(request), FORM_BYTES, formTooLarge);
    const form = new URLSearchParams(body.toString("utf8"));
    this.#checkService(form.get("service"));
    const scopes = form.getAll("scope");
    switch (form.get("grant_type")) {
      case "password": {
        const credentials = { user: form.get("username") ?? "", password: form.get("password") ?? "" };
        return this.#grant(await this.#userOf(credentials, accountOf(request)), scopes, form.get("access_type") === "offline");
      }
      case "refresh_token":
        return this.#grant(await this.#refreshedUser(form.get("refresh_token") ?? ""), scopes, false);
      default:
        return reply(400, { "Content-Type": "application/json" }, '{"error":"unsupported_grant_type"}');
    }
  }

  async #grant(user: string | undefined, scopes: readonly string[], wantsRefresh: boolean): Promise<RawReply> {
    const access = grantScopes(parseScopes(scopes), user, this.#deps.policy());
    const now = Math.floor(Date.now() / 1000);
    const token = this.#deps.signer.sign({ ...claimsOf(user, this.#options.service, now, LIFETIME_S), access });
    const issued = new Date(now * 1000).toISOString();
    const refresh = wantsRefresh && user !== undefined ? { refresh_token: await this.#refreshToken(user, now) } : {};
    const body = { token, access_token: token, expires_in: LIFETIME_S, issued_at: issued, scope: scopes.join(" "), ...refresh };
    return jsonReply(body, { "Cache-Control": "no-store" });
  }

  /** Good until the password changes, or the user goes. */
  async #refreshToken(user: string, now: number): Promise<string> {
    const fingerprint = await this.#deps.passwords.fingerprintOf(user);
    return this.#deps.signer.sign({ ...claimsOf(user, REFRESH, now, REFRESH_LIFETIME_S), fingerprint });
  }

  async #refreshedUser(token: string): Promise<string> {
    const claims = this.#deps.signer.read(token, { issuer: ISSUER, audience: REFRESH, now: Date.now() / 1000 });
    const isGood = claims !== undefined && claims["fingerprint"] === (await this.#deps.passwords.fingerprintOf(claims.sub));
    if (!isGood) throw new RegistryError("UNAUTHORIZED", "the refresh token is not good any more: log in again");
    return claims.sub;
  }

  async #userOf(credentials: Credentials | undefined, account: string): Promise<string> {
    if (credentials !== undefined && (await this.#deps.passwords.areRight(credentials, account))) return credentials.user;
    const headers = { "WWW-Authenticate": `Basic realm="${this.#options.service}", charset="UTF-8"` };
    throw new RegistryError("UNAUTHORIZED", "the user or the password is wrong", { headers });
  }

  #checkService(service: string | null): void {
    if (service === null || service === this.#options.service) return;
    throw new RegistryError("DENIED", "tokens for another service are not given out here");
  }

  #challenge(request: HttpRequest, scope: string | undefined, error: string | undefined): RegistryError {
    const parts = {
      realm: `${originOf(request, this.#options.publicUrl)}/token`,
      service: this.#options.service,
      ...(scope === undefined ? {} : { scope }),
      ...(error === undefined ? {} : { error }),
    };
    const text = Object.entries(parts).map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "")}"`);
    return new RegistryError("UNAUTHORIZED", "authentication required", { headers: { "WWW-Authenticate": `Bearer ${text.join(",")}` } });
  }
}

function claimsOf(user: string | undefined, audience: string, now: number, lifetime: number) {
  return {
    iss: ISSUER,
    aud: audience,
    sub: user ?? "",
    iat: now,
    nbf: now - 5,
    exp: now + lifetime,
    jti: randomBytes(12).toString("base64url"),
  };
}

function formTooLarge(): RegistryError {
  return new RegistryError("SIZE_INVALID", "the form is too large", { status: 413 });
}
