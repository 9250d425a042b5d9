import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { matchesLabels, type Filters } from "#spec/filters/filters.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import { familiarString } from "#spec/reference.ts";
import type { Digest } from "#spec/digest.ts";
import { measureReclaimed, type DiskUseDeps } from "../list/disk-use.ts";
import { createdAt, labelsOf, type Image } from "../record/image.ts";
import { removeImage, type RemoveDeps, type RemovedItem } from "./remove.ts";

export interface PrunedImages {
  readonly removed: readonly RemovedItem[];
  /** Bytes of layers and archives that are gone, as `system df` counts them. */
  readonly reclaimedBytes: number;
}

/**
 * Removes images that no container was made from: those without a tag, or with `dangling=false` all of them.
 *
 * @throws EngineError `invalid` for a filter.
 */
export async function pruneImages(
  deps: RemoveDeps & DiskUseDeps,
  filters: Filters,
  now: number,
  signal: AbortSignal,
): Promise<PrunedImages> {
  const danglingOnly = booleanOf(filters, "dangling") ?? true;
  const until = untilOf(filters, now);
  const isMeant = (image: Image): boolean =>
    !isIntermediate(deps, image) &&
    (!danglingOnly || image.references.every(({ digest }) => digest !== undefined)) &&
    (until === undefined || (createdAt(image) ?? Number.POSITIVE_INFINITY) <= until) &&
    matchesLabels(filters, labelsOf(image));
  const meant = deps.images.all().filter(isMeant);
  const reclaimed = await measureReclaimed(deps, meant);
  const removed: RemovedItem[] = [];
  for (const { id } of meant) {
    if (signal.aborted) break;
    removed.push(...(await removeUnused(deps, id)));
  }
  const reclaimedBytes = reclaimed();
  deps.events.emit({ type: "image", action: "prune", id: "", attributes: { reclaimed: String(reclaimedBytes) } });
  return { removed, reclaimedBytes };
}

/** One that others were built from goes with the last of them. */
function isIntermediate({ images }: RemoveDeps, { id, references }: Image): boolean {
  return references.length === 0 && images.childrenOf(id).length > 0;
}

/** Name by name, as a user would: what a container has stays. */
async function removeUnused(deps: RemoveDeps, id: Digest): Promise<RemovedItem[]> {
  const references = deps.images.get(id)?.references ?? [];
  const names = references.length === 0 ? [id] : references.map(familiarString);
  const removed: RemovedItem[] = [];
  for (const name of names) {
    // Gone with a name before.
    if (deps.images.get(id) === undefined) break;
    try {
      removed.push(...(await removeImage(deps, { name, force: false, pruneParents: true })));
    } catch (error) {
      if (!isEngineError(error, "conflict", "not-found")) throw error;
    }
  }
  return removed;
}

function untilOf(filters: Filters, now: number): number | undefined {
  const values = filters.get("until") ?? [];
  if (values.length > 1) throw new EngineError("invalid", "more than one until filter specified");
  if (values[0] === undefined) return undefined;
  const time = parseTimestamp(values[0], BigInt(now) * 1_000_000n);
  return time === undefined ? undefined : Number(time / 1_000_000n);
}

function booleanOf(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key) ?? [];
  const value = values.length === 1 ? { true: true, "1": true, false: false, "0": false }[values[0] ?? ""] : undefined;
  if (values.length > 0 && value === undefined) throw new EngineError("invalid", `invalid filter '${key}=[${values.join(" ")}]'`);
  return value;
}
