import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import type { ContainerContext } from "../deps.ts";
import { parseContainerName } from "../create/identity.ts";

/** @throws EngineError `not-found`, `invalid`, or `conflict` when the name is taken. */
export async function renameContainer(
  deps: Pick<ContainerContext, "store" | "locks" | "events" | "networks">,
  reference: string,
  newName: string,
): Promise<void> {
  if (newName === "") throw new EngineError("invalid", "Neither old nor new names may be empty");
  const { id } = deps.store.find(reference);
  await deps.locks.run(id, async () => {
    const before = deps.store.get(id);
    if (newName.replace(/^\//, "") === before.name) {
      throw new EngineError("invalid", "Renaming a container with the same name as its current name");
    }
    const name = explained(() => reserve(deps.store, newName, id));
    try {
      const after = deps.store.update(id, { name });
      await deps.networks.rename(id, name);
      emitContainerEvent(deps.events, after, "rename", { oldName: `/${before.name}` });
    } finally {
      deps.store.releaseName(name, id); // Only what a failed update did not take.
    }
  });
}

function reserve(store: ContainerContext["store"], text: string, id: string): string {
  const name = parseContainerName(text);
  store.reserveName(name, id);
  return name;
}

function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isEngineError(cause)) throw cause;
    throw new EngineError(cause.category, `Error when allocating new name: ${cause.message}`, { cause });
  }
}
