import { Slots } from "#lib/slots.ts";
import { buryContainer } from "../remove/bury.ts";
import { exitCodeOf, isActive, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { shouldRunAtBoot } from "../restart/restart-policy.ts";
import { runContainer, type RunDeps } from "../run/run.ts";
import { bootOrder, type Wait } from "./boot-order.ts";
import { awaitAll } from "./await-ready.ts";

export type BootDeps = RunDeps & Pick<ContainerContext, "bell">;

/** How many are started at once: the API has to answer meanwhile. Who waits for another holds no place. */
const AT_ONCE = 4;

/**
 * Brings up what restart policies want up, each after what it depends on, and removes containers that were to be removed at their end
 * and have none any more. Failures are logged; each stands in its container's state.
 */
export async function bootStarts(deps: BootDeps): Promise<void> {
  const all = [...deps.store.all()];
  const coming = new Set(all.filter((container) => isWantedUp(container)).map(({ id }) => id));
  const { waits, remarks } = bootOrder(all, coming);
  for (const remark of remarks) deps.logger.warn({}, remark);
  const slots = new Slots(AT_ONCE);
  await Promise.all(
    all.map(async (found) => {
      await whenReady(deps, coming, found, waits.get(found.id) ?? []);
      await slots.run(deps.closing, async () => await settleAtBoot(deps, found)).catch(() => undefined);
      coming.delete(found.id);
      deps.bell.ring();
    }),
  );
}

async function whenReady(deps: BootDeps, coming: ReadonlySet<string>, found: Container, waits: readonly Wait[]): Promise<void> {
  if (waits.length > 0) await awaitAll(deps, found, waits, (other) => coming.has(other));
}

/** The daemon may have been told to stop since. */
async function settleAtBoot(deps: BootDeps, found: Container): Promise<void> {
  if (deps.closing.aborted) return;
  try {
    await deps.locks.run(found.id, async () => await settleResting(deps, found));
  } catch (error) {
    deps.logger.warn({ container: found.id, error }, "a container could not be started with the daemon");
  }
}

async function settleResting(deps: RunDeps, { id, state }: Container): Promise<void> {
  if (!deps.store.has(id) || deps.holds.has(id)) return;
  const container = deps.store.get(id);
  // A user who stopped, started or removed it meanwhile has had the last word.
  if (isActive(state) || container.state !== state) return;
  if (container.hostConfig.AutoRemove === true) await buryContainer(deps, container, true);
  else if (isWantedUp(container)) await runContainer(deps, container, 0);
}

/** One that never ran waits for its first start. */
function isWantedUp({ state, hostConfig, restartCount }: Container): boolean {
  if (state.status === "restarting") return true;
  if (state.status !== "exited") return false;
  return shouldRunAtBoot({
    policy: hostConfig.RestartPolicy,
    exitCode: exitCodeOf(state),
    stopRequested: state.stopRequested,
    restartCount,
  });
}
