import type { Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import type { Wait } from "./boot-order.ts";
import { readiness, type Readiness } from "./readiness.ts";

export type AwaitDeps = Pick<ContainerContext, "store" | "health" | "bell" | "closing" | "logger">;

/** How long a container waits for the others before it is started all the same, ms. */
const PATIENCE = 5 * 60_000;

/** Waits until everything is ready that a container waits for, says what it waits for, and what it did in vain. */
export async function awaitAll(
  deps: AwaitDeps,
  container: Container,
  waits: readonly Wait[],
  isComing: (id: string) => boolean,
  patienceMs = PATIENCE,
): Promise<void> {
  const state = (wait: Wait): Readiness => readinessOf(deps, wait, isComing);
  const open = waits.filter((wait) => state(wait) === "not-yet");
  if (open.length > 0) deps.logger.info({ container: container.id, waits: describe(deps, open) }, `${container.name} waits to be started`);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patienceMs).unref();
  const stop = (): void => late.abort();
  deps.closing.addEventListener("abort", stop);
  await Promise.all(open.map(async (wait) => await deps.bell.until(() => (state(wait) === "not-yet" ? undefined : true), late.signal)));
  clearTimeout(timer);
  deps.closing.removeEventListener("abort", stop);
  const vain = waits.filter((wait) => state(wait) !== "ready");
  if (vain.length === 0 || deps.closing.aborted) return;
  deps.logger.warn({ container: container.id, missing: describe(deps, vain) }, `${container.name} is started without what it depends on`);
}

function readinessOf({ store, health }: AwaitDeps, { id, condition }: Wait, isComing: (id: string) => boolean): Readiness {
  const container = store.has(id) ? store.get(id) : undefined;
  return readiness(condition, { container, health: health.of(id), coming: isComing(id) });
}

function describe({ store }: AwaitDeps, waits: readonly Wait[]): string {
  return waits.map(({ id, condition }) => `${store.has(id) ? store.get(id).name : id} (${condition})`).join(", ");
}
