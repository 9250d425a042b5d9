import { isEngineError } from "#errors/engine-error.ts";
import { type Filters, matchesLabels } from "#spec/filters/filters.ts";
import type { VolumeContext } from "../deps.ts";
import { booleanFilter } from "./list.ts";
import { removeVolume } from "./remove.ts";
import { isAnonymous, isLocal, isPlain, type Volume } from "../volume.ts";

export interface PruneResult {
  readonly deleted: readonly string[];
  /** Bytes on disk. */
  readonly reclaimed: number;
}

/**
 * Removes volumes that no container has: those that nobody named, or, with the filter `all`, every one.
 *
 * @param allByDefault clients of API 1.41 and older mean every volume.
 */
export async function pruneVolumes(
  deps: VolumeContext,
  filters: Filters,
  { allByDefault, signal }: { allByDefault: boolean; signal: AbortSignal },
): Promise<PruneResult> {
  const all = booleanFilter(filters, "all") ?? allByDefault;
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const volume of deps.store.all()) {
    if (signal.aborted) break;
    // What others keep is theirs to clear, as with Docker.
    if (!isLocal(volume)) continue;
    if (!(all || isAnonymous(volume)) || !matchesLabels(filters, volume.labels)) continue;
    const size = await removeUnused(deps, volume);
    if (size === undefined) continue;
    deleted.push(volume.name);
    reclaimed += size;
  }
  deps.events.emit({ type: "volume", action: "prune", id: "", attributes: { reclaimed: String(reclaimed) } });
  return { deleted, reclaimed };
}

/** Its size; undefined when a container has it, or took it just now. */
async function removeUnused(deps: VolumeContext, volume: Volume): Promise<number | undefined> {
  const { name, mountpoint } = volume;
  if (deps.store.usesOf(name).length > 0) return undefined;
  const size = isPlain(volume) ? await deps.trees.measure(mountpoint).catch(() => 0) : 0;
  try {
    await removeVolume(deps, name, { force: false });
    return size;
  } catch (error) {
    if (isEngineError(error, "conflict", "not-found")) return undefined;
    throw error;
  }
}
