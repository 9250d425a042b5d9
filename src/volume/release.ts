import { isEngineError } from "#errors/engine-error.ts";
import type { VolumeContext } from "./deps.ts";
import { removeVolume } from "./remove.ts";

/**
 * Forgets that a container has volumes. What goes with it goes first, each in one step with the note that the container has it: after
 * a kill in between, this finds the rest and does it again.
 *
 * @param options.removeAnonymous remove those that were made for it, or for the container it has them from, unless others have them still.
 */
export async function release(deps: VolumeContext, container: string, options: { removeAnonymous: boolean }): Promise<void> {
  if (options.removeAnonymous) {
    const owned = deps.store.usesBy(container).filter((use) => use.owned);
    for (const volume of new Set(owned.map((use) => use.volume))) await removeUnlessUsed(deps, volume, container);
  }
  deps.store.deleteUses(container);
}

async function removeUnlessUsed(deps: VolumeContext, volume: string, releasedBy: string): Promise<void> {
  try {
    await removeVolume(deps, volume, { force: true, releasedBy });
  } catch (error) {
    if (!isEngineError(error, "conflict", "not-found")) throw error;
  }
}
