import { type ApiRequest, json, type Reply } from "#http/route.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { volumePruneFilterKeys } from "#spec/filters/volume.ts";
import type { VolumeBackend } from "./backend.ts";

/** From this API on only volumes without a name of their own are meant, unless the client says `all`. */
const ANONYMOUS_ONLY_SINCE = 42;

export async function pruneVolumes(backend: Pick<VolumeBackend, "prune">, { query, apiVersion, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query.get("filters"), volumePruneFilterKeys);
  const { deleted, reclaimed } = await backend.prune(filters, { allByDefault: apiVersion[1] < ANONYMOUS_ONLY_SINCE, signal });
  return json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed });
}
