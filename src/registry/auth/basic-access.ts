import type { HttpRequest } from "#http/answer.ts";
import type { Access, Action, Principal } from "../access.ts";
import { accountOf } from "../answer.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import { basicCredentials, hasAuthorization } from "./basic-header.ts";
import type { Passwords } from "./passwords.ts";
import type { Policy } from "./policy.ts";

/** Users of an htpasswd file, who show their password with each request. */
export class BasicAccess implements Access {
  readonly #passwords: Passwords;
  readonly #policy: () => Policy;
  readonly #realm: string;

  constructor(deps: { readonly passwords: Passwords; readonly policy: () => Policy }, { realm }: { readonly realm: string }) {
    this.#passwords = deps.passwords;
    this.#policy = deps.policy;
    this.#realm = realm;
  }

  async identify(request: HttpRequest): Promise<Principal> {
    const account = accountOf(request);
    if (!hasAuthorization(request)) return { user: undefined, account };
    const credentials = basicCredentials(request);
    if (credentials === undefined || !(await this.#passwords.areRight(credentials, account))) {
      throw this.#challenge("the user or the password is wrong");
    }
    return { user: credentials.user, account: `user:${credentials.user}` };
  }

  async identifyReader(request: HttpRequest): Promise<Principal> {
    const principal = await this.identify(request);
    if (principal.user === undefined && !this.#policy().hasAnonymous) throw this.#challenge("who are you?");
    return principal;
  }

  /** A client shows its password only when it is asked here, so everybody is. */
  checkBase({ user }: Principal): void {
    if (user === undefined) throw this.#challenge("authentication required");
  }

  checkCatalog(principal: Principal): void {
    this.checkBase(principal);
  }

  check(principal: Principal, repository: RepositoryName, action: Action): void {
    if (this.allows(principal, repository, action)) return;
    if (principal.user === undefined) throw this.#challenge("authentication required");
    throw new RegistryError("DENIED", `${principal.user} may not ${action} here`, { detail: { name: repository, action } });
  }

  allows({ user }: Principal, repository: RepositoryName, action: Action): boolean {
    return this.#policy().allows(user, repository, action);
  }

  maySee(principal: Principal, repository: RepositoryName): boolean {
    return this.allows(principal, repository, "pull");
  }

  #challenge(message: string): RegistryError {
    return new RegistryError("UNAUTHORIZED", message, { headers: { "WWW-Authenticate": `Basic realm="${this.#realm}", charset="UTF-8"` } });
  }
}
