import { EngineError } from "#errors/engine-error.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { buildPruneFilterKeys } from "#spec/filters/build.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import { booleanOf } from "../../query.ts";
import type { BuildBackend } from "./backend.ts";

/** Removes of the builder's cache what was not used for the longest. */
export async function pruneBuilds(backend: Pick<BuildBackend, "prune">, { query }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query.get("filters"), buildPruneFilterKeys);
  const { ids, bytes } = await backend.prune({
    all: booleanOf(query, "all"),
    // Before API 1.48 there was one number, of another name.
    reserved: bytesOf(query, "reserved-space") ?? bytesOf(query, "keep-storage"),
    mostUsed: bytesOf(query, "max-used-space"),
    leastFree: bytesOf(query, "min-free-space"),
    until: untilOf([...(filters.get("until") ?? []), ...(filters.get("unused-for") ?? [])]),
    filters,
  });
  return json({ CachesDeleted: ids.length === 0 ? null : ids, SpaceReclaimed: bytes });
}

/** 0 is no answer, as for Docker. */
function bytesOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^\d{1,18}$/.test(text)) throw new EngineError("invalid", `${name} is in bytes and expects an integer, got ${text}`);
  return Number(text) || undefined;
}

function untilOf(values: readonly string[]): number | undefined {
  if (values.length > 1) throw new EngineError("invalid", "filter until: more than one value");
  const found = parseTimestamp(values[0], BigInt(Date.now()) * 1_000_000n);
  return found === undefined ? undefined : Number(found / 1_000_000n);
}
