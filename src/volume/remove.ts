import { randomBytes } from "node:crypto";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { VolumeContext } from "./deps.ts";
import { volumeNamed } from "./inspect.ts";
import { DRIVER } from "./volume.ts";

/** No volume's name starts with a dot. */
export const TRASH_PREFIX = ".removed-";

type Deps = Pick<VolumeContext, "store" | "trees" | "events" | "locks">;

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
  if (options.force && deps.store.get(name) === undefined) return;
  await deps.trees.remove(await deps.locks.run(name, () => removeLocked(deps, name, options)));
}

/** Takes the volume out of sight in one step, and returns where its content lies now: a kill in between leaves nothing to come back under the old name. */
async function removeLocked({ store, events }: Deps, name: string, { releasedBy }: RemoveOptions): Promise<string> {
  volumeNamed(store, name);
  const users = [...new Set(store.usesOf(name).map(({ container }) => container))].filter((user) => user !== releasedBy);
  if (users.length > 0) throw new EngineError("conflict", `remove ${name}: volume is in use - [${users.join(", ")}]`);
  const folder = store.folderOf(name);
  const trash = join(dirname(folder), `${TRASH_PREFIX}${randomBytes(8).toString("hex")}`);
  await rename(folder, trash).catch(ignoreMissing);
  store.delete(name, releasedBy);
  events.emit({ type: "volume", action: "destroy", id: name, attributes: { driver: DRIVER } });
  return trash;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
