import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { imagePruneFilterKeys } from "#spec/filters/image.ts";
import { removedView } from "../../views/image.ts";
import type { ImageChanges } from "./backend.ts";

export async function pruneImages(backend: Pick<ImageChanges, "prune">, { query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query.get("filters"), imagePruneFilterKeys);
  const { removed, reclaimedBytes } = await backend.prune(filters, signal);
  return json({ ImagesDeleted: removed.length === 0 ? null : removed.map(removedView), SpaceReclaimed: reclaimedBytes });
}
