import type { HttpRequest, RawReply } from "#http/answer.ts";
import type { RepositoryName } from "./protocol/names.ts";

/** What somebody may do with a repository. To put a tag where one is already is `push`; to take anything away is `delete`. */
export type Action = "pull" | "push" | "delete";

/** Who sends a request. */
export interface Principal {
  /** Undefined for somebody unknown. */
  readonly user: string | undefined;
  /** What is counted for him is counted under this: the user, or the address. */
  readonly account: string;
  /** What the token that he showed is good for; undefined where there are no tokens. */
  readonly scopes?: readonly Scope[] | undefined;
}

/** `repository:team/app:pull,push`. */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Who may do what. One implementation a way of showing who one is (`auth/`). */
export interface Access {
  /** @throws RegistryError `UNAUTHORIZED` for credentials that are wrong, `TOOMANYREQUESTS` after too many of them. */
  identify(request: HttpRequest): Promise<Principal>;
  /** For `/v2/`, by which clients find out how to show who they are. @throws RegistryError `UNAUTHORIZED` with the challenge. */
  checkBase(principal: Principal, request: HttpRequest): void;
  /** @throws RegistryError `UNAUTHORIZED` with the challenge where showing who one is may help, `DENIED` where it does not. */
  check(principal: Principal, repository: RepositoryName, action: Action, request: HttpRequest): void;
  allows(principal: Principal, repository: RepositoryName, action: Action): boolean;
  /** Lists leave out what one may not pull, whatever token one has come with. */
  maySee(principal: Principal, repository: RepositoryName): boolean;
  /** @throws RegistryError `UNAUTHORIZED`. */
  checkCatalog(principal: Principal, request: HttpRequest): void;
  /** For the pages for people, to whom a browser can show Basic alone. */
  identifyReader(request: HttpRequest): Promise<Principal>;
  /** Where tokens are given out. */
  token?(request: HttpRequest): Promise<RawReply>;
}
