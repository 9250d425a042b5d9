import type { PackedPath } from "#store/files/contract.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { namingContainer, openView, unlessRemoved } from "./container-view.ts";
import type { FileDeps } from "./file-deps.ts";

export type { PackedPath };

/** An archive of what is at a path of a container, and what that is. @throws EngineError `not-found`, `invalid`. */
export async function getContainerArchive(deps: FileDeps, reference: string, path: string, signal: AbortSignal): Promise<PackedPath> {
  const container = deps.store.find(reference);
  return await unlessRemoved(deps, container, async () => {
    const borrowed = await openView(deps, container);
    try {
      const { stat, body } = await deps.files.pack(borrowed.view, path, signal);
      emitContainerEvent(deps.events, container, "archive-path");
      return { stat, body: thenDispose(body, borrowed) };
    } catch (error) {
      borrowed[Symbol.dispose]();
      throw namingContainer(error, path, reference);
    }
  });
}

/** Gives back what the archive is read from when it has been read, or nobody wants the rest. */
export async function* thenDispose(body: AsyncIterable<Uint8Array>, resource: Disposable): AsyncGenerator<Uint8Array, void, undefined> {
  using _ = resource;
  yield* body;
}
