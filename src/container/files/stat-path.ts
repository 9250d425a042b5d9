import type { PathStat } from "#store/files/contract.ts";
import { namingContainer, withView } from "./container-view.ts";
import type { FileDeps } from "./file-deps.ts";

export type { PathStat };

/** What is at a path of a container. @throws EngineError `not-found`, `invalid`. */
export async function statContainerPath(deps: FileDeps, reference: string, path: string, signal: AbortSignal): Promise<PathStat> {
  const container = deps.store.find(reference);
  try {
    return await withView(deps, container, async (view) => await deps.files.stat(view, path, signal));
  } catch (error) {
    throw namingContainer(error, path, reference);
  }
}
