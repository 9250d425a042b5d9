import { finishRemoval, type RemovalDeps } from "../remove/finish-removal.ts";
import { isContainerId } from "../create/identity.ts";
import { bundlesFolder, containersFolder } from "../record/paths.ts";
import { idsIn } from "./recover-runs.ts";

/** Finishes every removal that a daemon before this one began, and removes what no record accounts for. Goes on behind. */
export async function finishRemovals(deps: RemovalDeps): Promise<void> {
  for (const removal of deps.store.removals()) finishRemoval(deps, removal);
  for (const id of await orphans(deps)) {
    deps.logger.warn({ container: id }, "removing what is left of a container that nobody knows");
    deps.store.begin(id);
    finishRemoval(deps, { id, removeVolumes: true });
  }
}

async function orphans({ store, snapshots, options }: RemovalDeps): Promise<Set<string>> {
  const accounted = store.accountedIds();
  const found = [
    ...snapshots.list().writables.filter(isContainerId),
    ...(await idsIn(containersFolder(options.instance))),
    ...(await idsIn(bundlesFolder(options.instance))),
  ];
  return new Set(found.filter((id) => !accounted.has(id)));
}
