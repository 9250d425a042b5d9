import { messageOf } from "#errors/engine-error.ts";
import { type Filters, matchesLabels } from "#spec/filters/filters.ts";
import type { NetworkContext } from "./context.ts";
import { isPredefined } from "./record/network.ts";
import { removeNetwork } from "./remove.ts";

/**
 * Removes every network of the user's that no running container is on; configurations stay, as with Docker.
 *
 * @param before only those made before this moment (milliseconds since the epoch).
 * @returns the names of those that were removed.
 */
export async function pruneNetworks(
  context: NetworkContext,
  filters: Filters,
  before: number | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const removed: string[] = [];
  const candidates = context.registry
    .all()
    .filter(({ name, configuration }) => !isPredefined(name) && configuration === undefined)
    .filter(({ labels, created }) => matchesLabels(filters, labels) && isOlder(created, before))
    .filter(({ id }) => context.sandboxes.endpointsOn(id).length === 0);
  for (const { id, name } of candidates) {
    if (signal.aborted) break;
    try {
      await removeNetwork(context, id);
      removed.push(name);
    } catch (error) {
      // A container came to it in the meantime, or somebody else removed it.
      context.logger.warn({ network: name, error: messageOf(error) }, "a network was not pruned");
    }
  }
  return removed;
}

function isOlder(created: string, before: number | undefined): boolean {
  return before === undefined || Date.parse(created) < before;
}
