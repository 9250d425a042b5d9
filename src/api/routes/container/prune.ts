import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { containerPruneFilterKeys } from "#spec/filters/container.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import type { ContainerLifecycle } from "./backend.ts";

export async function pruneContainers(backend: Pick<ContainerLifecycle, "prune">, { query }: ApiRequest): Promise<Reply> {
  const { removed, reclaimedBytes } = await backend.prune(parseFilters(query.get("filters"), containerPruneFilterKeys));
  return json({ ContainersDeleted: removed, SpaceReclaimed: reclaimedBytes });
}
