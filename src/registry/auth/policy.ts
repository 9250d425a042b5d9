import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { parseMemory } from "#lib/units.ts";
import type { Action } from "../access.ts";

/**
 * Who may do what with which repositories, from a file:
 *
 *     { "rules":  [ { "repositories": ["team/**"], "users": ["ann", "bob"], "actions": ["pull", "push"] },
 *                   { "repositories": ["public/*"], "users": ["anonymous"], "actions": ["pull"] } ],
 *       "quotas": [ { "repositories": ["team/**"], "bytes": "20g" } ] }
 *
 * Rules only ever allow; what none allows is denied. `*` stands for one component of a name or a part of it, `**` for any number of them.
 * Users are names, `*` for everybody who has shown who he is, and `anonymous` for everybody.
 */
export interface Policy {
  allows(user: string | undefined, repository: string, action: Action): boolean;
  /** The first quota that fits; undefined is none. */
  quotaOf(repository: string): number | undefined;
  /** Some rule is for everybody. */
  readonly hasAnonymous: boolean;
}

interface Rule {
  readonly patterns: readonly Pattern[];
  readonly users: ReadonlySet<string>;
  readonly actions: ReadonlySet<Action>;
}

type Pattern = readonly string[];
type Document = Readonly<Record<string, unknown>>;

/** Without a file: who has shown who he is may do everything, and nobody else anything. */
export const everythingForUsers: Policy = {
  allows: (user) => user !== undefined,
  quotaOf: () => undefined,
  hasAnonymous: false,
};

const ACTIONS: ReadonlySet<string> = new Set<Action>(["pull", "push", "delete"]);

/** @throws EngineError `invalid` that names what is wrong: a rule that is misread would let in or lock out. */
export function parsePolicy(text: string): Policy {
  const document = objectOf(parse(text), "the policy");
  refuseOthers(document, ["rules", "quotas"], "the policy");
  const rules = listOf(document["rules"] ?? [], "rules").map(ruleOf);
  const quotas = listOf(document["quotas"] ?? [], "quotas").map(quotaOf);
  return {
    allows: (user, repository, action) =>
      rules.some((rule) => rule.actions.has(action) && fitsUser(rule.users, user) && fitsAny(rule.patterns, repository)),
    quotaOf: (repository) => quotas.find(({ patterns }) => fitsAny(patterns, repository))?.bytes,
    hasAnonymous: rules.some(({ users }) => users.has("anonymous")),
  };
}

function parse(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", `the policy is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function ruleOf(value: unknown, index: number): Rule {
  const where = `rules[${index}]`;
  const rule = objectOf(value, where);
  refuseOthers(rule, ["repositories", "users", "actions"], where);
  const actions = textsOf(rule["actions"], `${where}.actions`);
  const wrong = actions.find((action) => !ACTIONS.has(action));
  if (wrong !== undefined) throw invalid(`${where}.actions: ${JSON.stringify(wrong)} is not one of pull, push and delete`);
  return {
    patterns: textsOf(rule["repositories"], `${where}.repositories`).map(patternOf),
    users: new Set(textsOf(rule["users"], `${where}.users`)),
    actions: new Set(actions as Action[]),
  };
}

function quotaOf(value: unknown, index: number): { readonly patterns: readonly Pattern[]; readonly bytes: number } {
  const where = `quotas[${index}]`;
  const quota = objectOf(value, where);
  refuseOthers(quota, ["repositories", "bytes"], where);
  const { bytes: given } = quota;
  const bytes = typeof given === "string" ? parseMemory(given) : Number.isSafeInteger(given) ? (given as number) : undefined;
  if (bytes === undefined || bytes < 0) throw invalid(`${where}.bytes is neither a number of bytes nor a size such as "20g"`);
  return { patterns: textsOf(quota["repositories"], `${where}.repositories`).map(patternOf), bytes };
}

function fitsUser(users: ReadonlySet<string>, user: string | undefined): boolean {
  return users.has("anonymous") || (user !== undefined && (users.has("*") || users.has(user)));
}

function fitsAny(patterns: readonly Pattern[], repository: string): boolean {
  const components = repository.split("/");
  return patterns.some((pattern) => fits(pattern, components));
}

function fits(pattern: Pattern, components: readonly string[]): boolean {
  return fitsStars(pattern, components, "**", fitsComponent);
}

function fitsComponent(pattern: string, text: string): boolean {
  return fitsStars(pattern.split(""), text.split(""), "*", (wanted, character) => wanted === character);
}

/**
 * Whether the parts, where `star` stands for any number of them, are the pattern's. One pass with one place to come back to: it takes no longer than
 * both lengths multiplied.
 */
function fitsStars(
  pattern: readonly string[],
  parts: readonly string[],
  star: string,
  fitsPart: (wanted: string, part: string) => boolean,
): boolean {
  let [at, next, lastStar, retry] = [0, 0, -1, 0];
  for (let part = parts[at]; part !== undefined; part = parts[at]) {
    const wanted = pattern[next];
    if (wanted === star) {
      lastStar = next++;
      retry = at;
    } else if (wanted !== undefined && fitsPart(wanted, part)) {
      next++;
      at++;
    } else if (lastStar >= 0) {
      next = lastStar + 1;
      at = ++retry;
    } else return false;
  }
  return pattern.slice(next).every((rest) => rest === star);
}

const PATTERN = /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/;

function patternOf(text: string): Pattern {
  if (!PATTERN.test(text)) throw invalid(`${JSON.stringify(text)} is no pattern of repositories`);
  return text.split("/");
}

function refuseOthers(document: Document, known: readonly string[], where: string): void {
  const other = Object.keys(document).find((key) => !known.includes(key));
  if (other !== undefined) throw invalid(`${where}: ${JSON.stringify(other)} is not one of ${known.join(", ")}`);
}

function textsOf(value: unknown, where: string): string[] {
  const list = listOf(value, where);
  if (!list.every((item) => typeof item === "string" && item !== "")) throw invalid(`${where} is not a list of texts`);
  return list as string[];
}

function listOf(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(`${where} is not a list`);
  return value;
}

function objectOf(value: unknown, where: string): Document {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${where} is not an object`);
  return value as Document;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", `policy file: ${message}`);
}
