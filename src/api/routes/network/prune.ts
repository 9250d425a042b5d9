import { EngineError } from "#errors/engine-error.ts";
import { type ApiRequest, json, type Reply } from "#http/route.ts";
import { type Filters, parseFilters } from "#spec/filters/filters.ts";
import { networkPruneFilterKeys } from "#spec/filters/network.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import type { NetworkBackend } from "./backend.ts";

export async function pruneNetworks(backend: Pick<NetworkBackend, "prune">, { query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query.get("filters"), networkPruneFilterKeys);
  return json({ NetworksDeleted: await backend.prune(filters, untilOf(filters), signal) });
}

/** Milliseconds since the epoch. */
function untilOf(filters: Filters): number | undefined {
  const [text, ...others] = filters.get("until") ?? [];
  if (others.length > 0) throw new EngineError("invalid", "more than one until filter specified");
  const until = parseTimestamp(text, BigInt(Date.now()) * 1_000_000n);
  return until === undefined ? undefined : Number(until / 1_000_000n);
}
