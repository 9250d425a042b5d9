import { isEngineError } from "#errors/engine-error.ts";
import type { VolumeContext } from "../deps.ts";
import { removeVolume } from "../manage/remove.ts";
import { imageReservations } from "./image-mount.ts";

/** The end of a run: what was mounted for it goes. Nothing mounted, nothing done. */
export async function unmountFor({ holds, stage }: Pick<VolumeContext, "holds" | "stage">, holder: string): Promise<void> {
  await stage.release(holder);
  await holds.release(holder);
}

/**
 * Forgets that a container has volumes. What goes with it goes first, each in one step with the note that the container has it: after
 * a kill in between, this finds the rest and does it again.
 *
 * @param options.removeAnonymous remove those that were made for it, or for the container it has them from, unless others have them still.
 */
export async function release(deps: VolumeContext, container: string, options: { removeAnonymous: boolean }): Promise<void> {
  await unmountFor(deps, container);
  if (options.removeAnonymous) {
    const owned = deps.store.usesBy(container).filter((use) => use.owned);
    for (const volume of new Set(owned.map((use) => use.volume))) await removeUnlessUsed(deps, volume, container);
  }
  deps.store.deleteUses(container);
  for (const name of imageReservations(deps.images, container)) await deps.images.release(name);
}

async function removeUnlessUsed(deps: VolumeContext, volume: string, releasedBy: string): Promise<void> {
  try {
    await removeVolume(deps, volume, { force: true, releasedBy });
  } catch (error) {
    if (!isEngineError(error, "conflict", "not-found")) throw error;
  }
}
