import type { Filters } from "#spec/filters/filters.ts";
import type { CreateRequest } from "#volume/manage/create.ts";
import type { VolumeList } from "#volume/manage/list.ts";
import type { PruneResult } from "#volume/manage/prune.ts";
import type { Volume } from "#volume/volume.ts";

/** What the volumes' routes need of the engine. */
export interface VolumeBackend {
  list(filters: Filters): Promise<VolumeList>;
  inspect(name: string): Promise<Volume>;
  create(request: CreateRequest): Promise<Volume>;
  remove(name: string, options: { force: boolean }): Promise<void>;
  prune(filters: Filters, options: { allByDefault: boolean; signal: AbortSignal }): Promise<PruneResult>;
}
