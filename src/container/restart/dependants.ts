import { isActive, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { engineLabels } from "../create/engine-labels.ts";
import { restartByEngine, type RestartByEngineDeps } from "./restart-by-engine.ts";
import { dependenciesOf, serviceKey, type Condition } from "../restore/boot-order.ts";
import { readiness } from "../restore/readiness.ts";

export type DependantsDeps = RestartByEngineDeps & Pick<ContainerContext, "bell" | "health">;

/** How long a container has to run before those that depend on it follow: one that ends at once would take them along each time, ms. */
const STEADY_AFTER = 5000;

interface Dependant {
  readonly id: string;
  readonly condition: Condition;
}

/**
 * After a restart policy, or the engine, has restarted a container: those that depend on it with Compose's `restart: true` are restarted
 * when it is ready again. Only where somebody asked for it, since Compose leaves a runtime's own restarts out
 * (docs/adr/0015-depends-on-without-compose.md): by the daemon's `restart-dependants`, or a label of the dependant.
 */
export async function restartDependants(deps: DependantsDeps, id: string): Promise<void> {
  if (!deps.store.has(id)) return;
  const container = deps.store.get(id);
  const dependants = dependantsOf(container, deps.store.all(), deps.options.restartDependants ?? false);
  await Promise.all(dependants.map(async (dependant) => await follow(deps, container, dependant)));
}

/** Of one container, by the labels that Compose writes. */
export function dependantsOf(container: Container, all: Iterable<Container>, usual: boolean): Dependant[] {
  const key = serviceKey(container);
  if (key === undefined) return [];
  return [...all].flatMap((other) => {
    const edge = dependenciesOf(other).find(({ service, restart }) => restart && serviceKey(other, service) === key);
    return edge !== undefined && other.id !== container.id && follows(other, usual) ? [{ id: other.id, condition: edge.condition }] : [];
  });
}

function follows({ engineLabels: labels = {} }: Container, usual: boolean): boolean {
  const value = labels[engineLabels.restartWithDependencies];
  return value === undefined ? usual : value === "true";
}

async function follow(deps: DependantsDeps, dependency: Container, { id, condition }: Dependant): Promise<void> {
  if (!(await isReadyAgain(deps, dependency.id, condition))) return;
  const reason = { action: "depends_on: restart", details: { dependency: dependency.name } };
  try {
    await restartByEngine(deps, id, reason);
  } catch (error) {
    deps.logger.warn({ container: id, dependency: dependency.id, error }, "a container could not follow the restart of its dependency");
  }
}

/** False when it ended, or was restarted once more, before: the next restart has them follow. */
async function isReadyAgain(deps: DependantsDeps, id: string, condition: Condition): Promise<boolean> {
  const startedAt = startOf(deps, id);
  if (startedAt === undefined || condition === "service_completed_successfully") return false;
  const steady = new AbortController();
  const timer = setTimeout(() => steady.abort(), STEADY_AFTER).unref();
  const stop = (): void => steady.abort();
  deps.closing.addEventListener("abort", stop);
  const waitsForHealth = condition === "service_healthy" && deps.health.of(id) !== undefined;
  const look = (): boolean | undefined => {
    if (startOf(deps, id) !== startedAt) return false;
    const awaited = { container: deps.store.get(id), health: deps.health.of(id), coming: false };
    return waitsForHealth && readiness(condition, awaited) === "ready" ? true : undefined;
  };
  const answer = await deps.bell.until(look, waitsForHealth ? deps.closing : steady.signal);
  clearTimeout(timer);
  deps.closing.removeEventListener("abort", stop);
  return answer ?? (!deps.closing.aborted && !waitsForHealth && startOf(deps, id) === startedAt);
}

/** Undefined when it does not run. */
function startOf({ store }: DependantsDeps, id: string): number | undefined {
  const state = store.has(id) ? store.get(id).state : undefined;
  return state !== undefined && isActive(state) ? state.startedAt : undefined;
}
