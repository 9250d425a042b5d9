import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { matchesAny, type Filters } from "#spec/filters/filters.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { HostDeps, Registries } from "../registries.ts";
import { registryErrorOf } from "../session/registry-error.ts";
import { greet, RegistrySession } from "../session/session.ts";
import { basicHeader } from "../session/token.ts";
import { discard, readWhole } from "../transport/body.ts";
import { getFollowing } from "../transport/redirects.ts";

export interface SearchInput {
  /** `nginx`, `team/app`, `registry.example/app`. */
  readonly term: string;
  /** 1 to 100. */
  readonly limit: number;
  /** `stars`, `is-official`, `is-automated`. */
  readonly filters: Filters;
}

export interface FoundRepository {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly automated: boolean;
}

/** Docker Hub answers searches at another host than it gives images at. */
const HUB = "docker.io";
const HUB_INDEX = "index.docker.io";
const ANSWER_LIMIT = 4 * 1024 * 1024;
const CATALOGUE_PAGE = 1000;

/**
 * Finds repositories by a word: on Docker Hub and registries that know its search; elsewhere in the registry's catalogue, by their names.
 *
 * @param hub where Docker Hub answers.
 * @throws EngineError `invalid`; `not-found` where a registry has neither a search nor a catalogue; the registry's words.
 */
export async function searchRegistry(
  registries: Registries,
  input: SearchInput,
  auth: RegistryAuth,
  signal: AbortSignal,
  hub: string = HUB_INDEX,
): Promise<FoundRepository[]> {
  const { host, words } = splitTerm(input.term);
  const deps = await registries.openHost(host === HUB ? hub : host, auth);
  const found = (await bySearch(deps, words, input.limit, signal)) ?? (await byCatalogue(deps, words, signal));
  if (found === undefined) throw new EngineError("not-found", `registry ${host} has neither a search nor a catalogue`);
  return found.filter((repository) => isWanted(input.filters, repository)).slice(0, input.limit);
}

/** A first part that could be no user's name is a registry. */
function splitTerm(term: string): { host: string; words: string } {
  if (term.includes("://")) throw new EngineError("invalid", `invalid repository name: repository name (${term}) should not have a scheme`);
  const slash = term.indexOf("/");
  const first = term.slice(0, Math.max(0, slash));
  const isHost = slash > 0 && (/[.:]/.test(first) || first === "localhost");
  if (isHost && !/^[a-z0-9.-]+(:\d+)?$/i.test(first)) throw new EngineError("invalid", `invalid registry name ${JSON.stringify(first)}`);
  const words = isHost ? term.slice(slash + 1) : term.replace(/^library\//, "");
  return { host: isHost && first !== HUB_INDEX ? first : HUB, words };
}

/** The search of registries of the first generation, which Docker Hub still has. Undefined where there is none. */
async function bySearch(deps: HostDeps, words: string, limit: number, signal: AbortSignal): Promise<FoundRepository[] | undefined> {
  const { base } = await greet(deps, signal);
  const url = new URL("/v1/search", base);
  url.searchParams.set("q", words);
  url.searchParams.set("n", String(limit));
  const { credential } = deps;
  const headers: Record<string, string> =
    credential.kind === "basic" ? { Authorization: basicHeader(credential.username, credential.password) } : {};
  const request = { method: "GET", url, headers: { "X-Docker-Token": "true", ...headers }, tls: deps.tls } as const;
  const response = await getFollowing(deps.transport, request, deps.endpoint.local, signal);
  if (response.status === 404 || response.status === 405) {
    discard(response);
    return undefined;
  }
  if (response.status !== 200) throw await registryErrorOf(response, deps.stallMs, signal);
  const results = listIn(await readWhole(response, ANSWER_LIMIT, deps.stallMs, signal), "results");
  return results.flatMap((item) => repositoryOf(item) ?? []);
}

async function byCatalogue(deps: HostDeps, words: string, signal: AbortSignal): Promise<FoundRepository[] | undefined> {
  const { base } = await greet(deps, signal);
  const session = await RegistrySession.open(deps, { repository: "", credential: deps.credential, catalogue: true }, signal);
  const response = await session.ask({ method: "GET", to: new URL(`/v2/_catalog?n=${CATALOGUE_PAGE}`, base) }, signal);
  if (response.status === 404 || response.status === 405) {
    discard(response);
    return undefined;
  }
  if (response.status !== 200) throw await registryErrorOf(response, deps.stallMs, signal);
  const names = listIn(await readWhole(response, ANSWER_LIMIT, deps.stallMs, signal), "repositories");
  const fits = (name: unknown): name is string => typeof name === "string" && name.includes(words);
  return names
    .filter(fits)
    .map((name) => ({ name: `${deps.endpoint.host}/${name}`, description: "", stars: 0, official: false, automated: false }));
}

function listIn(body: Buffer, field: string): unknown[] {
  let value: unknown;
  try {
    value = parseJsonText(body.toString("utf8"));
  } catch (cause) {
    throw new EngineError("unavailable", "the registry's answer to a search is not JSON", { cause });
  }
  const list: unknown = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[field] : undefined;
  if (!Array.isArray(list)) throw new EngineError("unavailable", "the registry's answer to a search has no results in it");
  return list;
}

function repositoryOf(item: unknown): FoundRepository | undefined {
  if (typeof item !== "object" || item === null || !("name" in item) || typeof item.name !== "string") return undefined;
  const fields = item as Readonly<Record<string, unknown>>;
  const { description, star_count: stars } = fields;
  return {
    name: item.name,
    description: typeof description === "string" ? description : "",
    stars: typeof stars === "number" ? stars : 0,
    official: fields["is_official"] === true,
    automated: fields["is_automated"] === true,
  };
}

function isWanted(filters: Filters, { stars, official, automated }: FoundRepository): boolean {
  const least = Math.max(0, ...(filters.get("stars") ?? []).map(Number));
  const isSo = (key: string, value: boolean): boolean => matchesAny(filters, key, (text) => (text === "true" || text === "1") === value);
  return stars >= least && isSo("is-official", official) && isSo("is-automated", automated);
}
