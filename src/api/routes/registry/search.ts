import { EngineError } from "#errors/engine-error.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { parseRegistryAuth } from "#spec/registry-auth.ts";
import type { RegistryBackend } from "./backend.ts";

const FILTERS = ["is-automated", "is-official", "stars"];
const USUAL_LIMIT = 25;
const MOST = 100;
const BOOLEANS: ReadonlySet<string> = new Set(["true", "false", "1", "0"]);

export async function searchImages(backend: Pick<RegistryBackend, "search">, request: ApiRequest): Promise<Reply> {
  const { query } = request;
  const filters = parseFilters(query.get("filters"), FILTERS);
  for (const key of ["is-automated", "is-official"]) checkValues(key, filters.get(key), (value) => BOOLEANS.has(value));
  checkValues("stars", filters.get("stars"), (value) => /^\d{1,9}$/.test(value));
  const input = { term: query.get("term") ?? "", limit: limitOf(query.get("limit")), filters };
  const auth = parseRegistryAuth(request.headers["x-registry-auth"]);
  const found = await backend.search(input, auth, request.signal);
  return json(
    found.map(({ name, description, stars, official, automated }) => ({
      star_count: stars,
      is_official: official,
      name,
      is_automated: automated,
      description,
    })),
  );
}

/** 0 and nothing mean the usual. @throws EngineError `invalid` with dockerd's text. */
function limitOf(text: string | null): number {
  if (text === null || text === "") return USUAL_LIMIT;
  const limit = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(limit)) throw new EngineError("invalid", `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (limit === 0) return USUAL_LIMIT;
  if (limit < 1 || limit > MOST) throw new EngineError("invalid", `limit ${limit} is outside the range of [1, ${MOST}]`);
  return limit;
}

function checkValues(key: string, values: readonly string[] | undefined, isFine: (value: string) => boolean): void {
  const wrong = values?.find((value) => !isFine(value));
  if (wrong !== undefined) throw new EngineError("invalid", `invalid filter '${key}=[${wrong}]'`);
}
