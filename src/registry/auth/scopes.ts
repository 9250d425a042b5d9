import type { Action, Scope } from "../access.ts";
import { isRepositoryName } from "../protocol/names.ts";
import type { Policy } from "./policy.ts";

const MOST_SCOPES = 64;
const CATALOG: Scope = { type: "registry", name: "catalog", actions: ["*"] };

/** Reads what a client asks for: `repository:team/app:pull,push`, several by a space or a parameter of their own. What is none is left out. */
export function parseScopes(texts: readonly string[]): Scope[] {
  return texts
    .flatMap((text) => text.split(" "))
    .filter((text) => text !== "")
    .slice(0, MOST_SCOPES)
    .flatMap((text) => {
      const match = /^([a-z]+)(?:\([a-z]+\))?:([^\s:]+):([a-z*]+(?:,[a-z*]+)*)$/.exec(text);
      if (match === null) return [];
      const [, type = "", name = "", actions = ""] = match;
      return [{ type, name, actions: actions.split(",") }];
    });
}

/** What of it a user gets: no more than the policy allows, in the words that were asked for. */
export function grantScopes(asked: readonly Scope[], user: string | undefined, policy: Policy): Scope[] {
  return asked.flatMap((scope) => {
    if (scope.type === "registry" && scope.name === "catalog") return [CATALOG];
    if (scope.type !== "repository" || !isRepositoryName(scope.name)) return [];
    const wanted = new Set<string>(scope.actions.includes("*") ? ["pull", "push", "delete"] : scope.actions);
    const actions = (["pull", "push", "delete"] satisfies Action[]).filter(
      (action) => wanted.has(action) && policy.allows(user, scope.name, action),
    );
    return actions.length === 0 ? [] : [{ type: "repository", name: scope.name, actions }];
  });
}

/** Whether scopes that were granted hold for an action. */
export function includesAction(scopes: readonly Scope[], repository: string, action: Action): boolean {
  return scopes.some(({ type, name, actions }) => type === "repository" && name === repository && actions.includes(action));
}

export function includesCatalog(scopes: readonly Scope[]): boolean {
  return scopes.some(({ type, name }) => type === CATALOG.type && name === CATALOG.name);
}
