import type { FileChange } from "#store/files/contract.ts";
import { unlessRemoved } from "./container-view.ts";
import type { FileDeps } from "./file-deps.ts";

export type { FileChange };

/** What a container changed in its file system. @throws EngineError `not-found`. */
export async function containerChanges(deps: FileDeps, reference: string, signal: AbortSignal): Promise<readonly FileChange[]> {
  const { id } = deps.store.find(reference);
  return await unlessRemoved(deps, { id }, async () => {
    return await deps.snapshots.withDiff(id, async (diff) => await deps.files.changes(diff, signal));
  });
}
