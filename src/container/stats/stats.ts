import { setImmediate as nextTurn } from "node:timers/promises";
import { type Container, isActive } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import type { StatsCollector } from "./collector.ts";
import type { ContainerStats, StatsSample } from "./sample.ts";
import { takeSample } from "./take-sample.ts";

export type StatsDeps = Pick<ContainerContext, "store" | "runtime" | "options"> & { readonly collector: StatsCollector };

/**
 * What a container uses, once.
 *
 * @param oneSample without the sample before it, which a second has to be waited for.
 * @returns without any sample when it does not run.
 * @throws EngineError `not-found`.
 */
export async function containerStats(
  deps: StatsDeps,
  reference: string,
  { oneSample }: { readonly oneSample: boolean },
  signal: AbortSignal,
): Promise<ContainerStats> {
  const container = deps.store.find(reference);
  if (!isActive(container.state)) return statsOf(container, undefined, undefined);
  if (!oneSample) return await pairOfSamples(deps, container, signal);
  // Many who ask at once do not keep the event loop to themselves.
  await nextTurn();
  return statsOf(container, takeSample(deps, container), undefined);
}

/** Where somebody listens already, the sample that he got last is the one before. */
async function pairOfSamples(deps: StatsDeps, container: Container, signal: AbortSignal): Promise<ContainerStats> {
  let previous = deps.collector.latest(container.id);
  for await (const reading of deps.collector.follow(container.id, signal)) {
    if (reading === "not-running") break;
    if (previous !== undefined) return statsOf(container, reading, previous);
    previous = reading;
  }
  return statsOf(container, undefined, undefined);
}

/**
 * What a container uses, every second until it is removed or the signal aborts; also while it does not run, as in Docker.
 *
 * @throws EngineError `not-found`.
 */
export function followStats(deps: StatsDeps, reference: string, signal: AbortSignal): AsyncGenerator<ContainerStats, void, undefined> {
  return follow(deps, deps.store.find(reference), signal);
}

async function* follow(deps: StatsDeps, container: Container, signal: AbortSignal): AsyncGenerator<ContainerStats, void, undefined> {
  const { store, collector } = deps;
  let previous: StatsSample | undefined = collector.latest(container.id);
  for await (const reading of collector.follow(container.id, signal)) {
    const sample = reading === "not-running" ? undefined : reading;
    // It may have been renamed.
    yield statsOf(store.has(container.id) ? store.get(container.id) : container, sample, previous);
    previous = sample;
  }
}

function statsOf({ id, name }: Container, sample: StatsSample | undefined, previous: StatsSample | undefined): ContainerStats {
  return { id, name, sample, previous };
}
