import { EngineError } from "#errors/engine-error.ts";
import { formatPlatform, rankOf, type Platform } from "#spec/platform.ts";
import type { Descriptor, ImageIndex } from "./types.ts";

/**
 * The entry of an index that fits a platform best: among equals the first. Entries without a platform come last; attestations
 * (platform `unknown/unknown`) never fit.
 *
 * @throws EngineError `not-found` with Docker's text.
 */
export function selectManifest(index: ImageIndex, platform: Platform): Descriptor {
  const ranked = index.manifests
    .map((entry) => ({ entry, rank: entry.platform === undefined ? Number.MAX_SAFE_INTEGER : rankOf(platform, entry.platform) }))
    .filter((candidate): candidate is { entry: Descriptor; rank: number } => candidate.rank !== undefined)
    .toSorted((a, b) => a.rank - b.rank);
  const [best] = ranked;
  if (best === undefined) {
    throw new EngineError("not-found", `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`);
  }
  return best.entry;
}
