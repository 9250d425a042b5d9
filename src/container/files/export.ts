import { emitContainerEvent } from "../record/container-events.ts";
import { usersOf } from "./container-view.ts";
import type { FileDeps } from "./file-deps.ts";
import { thenDispose } from "./get-archive.ts";

/** The whole root of a container as an archive, without what is mounted in it. @throws EngineError `not-found`. */
export async function exportContainer(deps: FileDeps, reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const container = deps.store.find(reference);
  const borrowed = await deps.snapshots.borrow(container.id);
  emitContainerEvent(deps.events, container, "export");
  return thenDispose(deps.files.packFolder(borrowed.root, usersOf(deps, container), signal), borrowed);
}
