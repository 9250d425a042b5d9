import { EngineError } from "#errors/engine-error.ts";
import type { VolumeContext } from "../deps.ts";
import { foundInDrivers, recordedVolume } from "./inspect.ts";

type Deps = Pick<VolumeContext, "store" | "trees" | "events" | "locks" | "drivers" | "holds">;

export interface RemoveOptions {
  /** A volume that does not exist is no error. */
  readonly force: boolean;
  /** A container that gives it up: that it has the volume does not count, and is forgotten with it. */
  readonly releasedBy?: string;
}

/**
 * Removes a volume and its content.
 *
 * @throws EngineError `not-found`; `conflict` while a container has it, running or not.
 */
export async function removeVolume(deps: Deps, name: string, options: RemoveOptions): Promise<void> {
  if (options.force && deps.store.get(name) === undefined && (await foundInDrivers(deps, name)) === undefined) return;
  const leftover = await deps.locks.run(name, () => removeLocked(deps, name, options));
  if (leftover !== undefined) await deps.trees.remove(leftover);
}

/** Takes the volume out of sight in one step, and returns where its content lies now: a kill in between leaves nothing to come back under the old name. */
async function removeLocked(deps: Deps, name: string, { releasedBy }: RemoveOptions): Promise<string | undefined> {
  const { store, events } = deps;
  const volume = store.get(name) ?? (await foundInDrivers(deps, name)) ?? recordedVolume(store, name);
  const users = [...new Set(store.usesOf(name).map(({ container }) => container))].filter((user) => user !== releasedBy);
  if (users.length > 0) throw new EngineError("conflict", `remove ${name}: volume is in use - [${users.join(", ")}]`);
  if (releasedBy === undefined) deps.holds.requireFree(name);
  const leftover = await (await deps.drivers.of(volume)).remove(name);
  store.delete(name, releasedBy);
  events.emit({ type: "volume", action: "destroy", id: name, attributes: { driver: volume.driver } });
  return leftover;
}
