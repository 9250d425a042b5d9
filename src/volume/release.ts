import { isEngineError } from "#errors/engine-error.ts";
import type { VolumeContext } from "./deps.ts";
import { removeVolume } from "./remove.ts";

/**
 * Forgets that a container has volumes.
 *
 * @param options.removeAnonymous remove those that were made for it, or for the container it has them from, unless others have them still.
 */
export async function release(deps: VolumeContext, container: string, options: { removeAnonymous: boolean }): Promise<void> {
  const uses = deps.store.usesBy(container);
  deps.store.deleteUses(container);
  if (!options.removeAnonymous) return;
  for (const volume of new Set(uses.filter(({ owned }) => owned).map((use) => use.volume))) await removeUnlessUsed(deps, volume);
}

async function removeUnlessUsed(deps: VolumeContext, volume: string): Promise<void> {
  try {
    await removeVolume(deps, volume, { force: true });
  } catch (error) {
    if (!isEngineError(error, "conflict", "not-found")) throw error;
  }
}
