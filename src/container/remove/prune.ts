import { isEngineError } from "#errors/engine-error.ts";
import { matchesLabels, type Filters } from "#spec/filters/filters.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import { countsAsRunning, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { removeContainer, type RemoveDeps } from "./remove.ts";

export interface PruneReport {
  readonly removed: readonly string[];
  readonly reclaimedBytes: number;
}

/**
 * Removes every container that does not run, one after the other.
 *
 * @throws EngineError `invalid` for a filter.
 */
export async function pruneContainers(deps: RemoveDeps & Pick<ContainerContext, "snapshots">, filters: Filters): Promise<PruneReport> {
  const untils = (filters.get("until") ?? []).map((text) => parseTimestamp(text, BigInt(Date.now()) * 1_000_000n) ?? 0n);
  const isMeant = ({ state, created, config }: Container): boolean =>
    !countsAsRunning(state) && untils.every((until) => BigInt(created) * 1_000_000n < until) && matchesLabels(filters, config.Labels ?? {});
  const removed: string[] = [];
  let reclaimedBytes = 0;
  for (const container of [...deps.store.all()].filter(isMeant)) {
    const size = await deps.snapshots.writableSize(container.id).catch(() => 0);
    if (!(await removeIfIdle(deps, container.id))) continue;
    removed.push(container.id);
    reclaimedBytes += size;
  }
  deps.events.emit({ type: "container", action: "prune", id: "", attributes: { reclaimed: String(reclaimedBytes) } });
  return { removed, reclaimedBytes };
}

/** Somebody may have started or removed it since. */
async function removeIfIdle(deps: RemoveDeps, id: string): Promise<boolean> {
  try {
    await removeContainer(deps, id, { force: false, volumes: false, link: false });
    return true;
  } catch (error) {
    if (isEngineError(error, "not-found", "conflict")) return false;
    throw error;
  }
}
