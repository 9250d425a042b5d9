import type { ImageDeleteResponseItem } from "#spec/docker-api/types.ts";
import type { Caller } from "./caller.ts";
import { encodeFilters, type QueryFilters } from "./query.ts";

export interface PruneOptions {
  readonly filters?: QueryFilters;
}

/** What a prune has taken away. */
export interface Pruned {
  /** Names, ids or digests. */
  readonly removed: readonly string[];
  /** Bytes. */
  readonly reclaimed: number;
}

/** Each noun's answer has its own name for what went. */
interface PruneAnswer {
  readonly ContainersDeleted?: readonly string[] | null;
  readonly ImagesDeleted?: readonly ImageDeleteResponseItem[] | null;
  readonly NetworksDeleted?: readonly string[] | null;
  readonly VolumesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export async function prune(
  caller: Caller,
  noun: "containers" | "images" | "networks" | "volumes",
  { filters }: PruneOptions,
): Promise<Pruned> {
  const answer = await caller.json<PruneAnswer>(`POST /${noun}/prune`, { query: { filters: encodeFilters(filters) } });
  const { ContainersDeleted, ImagesDeleted, NetworksDeleted, VolumesDeleted, SpaceReclaimed = 0 } = answer;
  const images = (ImagesDeleted ?? []).flatMap(({ Deleted }) => Deleted ?? []);
  const named = ContainersDeleted ?? NetworksDeleted ?? VolumesDeleted ?? [];
  return { removed: [...images, ...named], reclaimed: SpaceReclaimed };
}
