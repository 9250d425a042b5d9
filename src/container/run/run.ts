import { monotonicMs } from "#lib/monotonic.ts";
import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import type { ProcessExit } from "#runtime/contract.ts";
import { buryContainer } from "../remove/bury.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { isActive, started, startFailed, type Container, type StartFailure } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { launch, type LaunchDeps } from "./launch.ts";
import { handleExit, type ExitDeps } from "./exit/on-exit.ts";
import { noteOomKills } from "./exit/oom.ts";
import { logLayoutOf } from "../create/log-config.ts";
import { containerPaths } from "../record/paths.ts";
import { releaseRun } from "./release-run.ts";

export type RunDeps = LaunchDeps & ExitDeps & Pick<ContainerContext, "locks" | "onOwnRestart" | "onAction">;

/** How long to wait before an exit that could not be written down (a full disk) is tried again, ms. */
const RETRY_AFTER = 1000;

/**
 * Runs a container whose lock is held and whose state allows it, and watches over it from then on. When it fails everything is
 * undone, and the failure stands in the container's state.
 *
 * @throws EngineError, `invalid` with code `not-found-executable` or `not-executable` when its program cannot be run.
 */
export async function runContainer(deps: RunDeps, container: Container, restartCount: number): Promise<void> {
  const { id } = container;
  const begun = monotonicMs();
  await deps.background.idle(id);
  try {
    const { pid, startedAt } = await launch(deps, container);
    deps.store.update(id, { state: started(container.state, pid, startedAt), restartCount });
  } catch (error) {
    await undoStart(deps, container, error);
    throw asStartError(error);
  }
  deps.health.begin(container);
  emitContainerEvent(deps.events, container, "start");
  deps.onAction?.("start", (monotonicMs() - begun) / 1000);
  watchRun(deps, id);
}

async function undoStart(deps: RunDeps, container: Container, error: unknown): Promise<void> {
  deps.attachments.end(container.id);
  await releaseRun(deps, container.id);
  const failed = deps.store.update(container.id, { state: startFailed(container.state, failureOf(error)) });
  if (failed.hostConfig.AutoRemove === true && !deps.holds.has(container.id)) await buryContainer(deps, failed, true);
}

const EXIT_CODES: Readonly<Record<string, number>> = { "not-found-executable": 127, "not-executable": 126 };
const START_FAILED = 128;

function failureOf(error: unknown): StartFailure {
  const code = error instanceof EngineError ? error.code : undefined;
  return { exitCode: EXIT_CODES[code ?? ""] ?? START_FAILED, message: messageOf(error) };
}

/** A program that cannot be run is the caller's mistake: 400, as Docker answers. */
function asStartError(error: unknown): unknown {
  if (!isEngineError(error) || error.code === undefined || !Object.hasOwn(EXIT_CODES, error.code)) return error;
  return error.category === "invalid" ? error : new EngineError("invalid", error.message, { cause: error, code: error.code });
}

/** Follows a run to its end, and begins the next one where a restart policy wants it. */
export function watchRun(deps: RunDeps, id: string): void {
  deps.runtime.watchOom(id, (kills) => void noteOomKills(deps, id, kills));
  watchLog(deps, id);
  void deps.runtime.exited(id).then(
    async (exit) => await settleExit(deps, id, exit),
    (error: unknown) => deps.logger.error({ container: id, error }, "the end of a container cannot be seen"),
  );
}

/** A log that nobody can look after is no reason to let go of its container. */
function watchLog({ store, logKeeper, options, logger }: RunDeps, id: string): void {
  try {
    const layout = store.has(id) ? logLayoutOf(store.get(id)) : undefined;
    if (layout !== undefined) logKeeper.watch(containerPaths(options.instance, id).logs, layout);
  } catch (error) {
    logger.error({ container: id, error }, "the log of a container is not rotated");
  }
}

/**
 * Records the end of a run, and schedules the next where there is to be one.
 *
 * @param atBoot somebody else begins the next run, in its place among all that are started with the daemon.
 */
export async function settleExit(deps: RunDeps, id: string, exit: ProcessExit, { atBoot = false } = {}): Promise<void> {
  if (deps.closing.aborted) return; // The next daemon finds the exit where this one did.
  try {
    const after = await deps.locks.run(id, async () => await handleExit(deps, id, exit));
    if (after.restart && !atBoot) deps.timers.schedule(id, after.ranMs, () => void restartByPolicy(deps, id));
  } catch (error) {
    deps.logger.error({ container: id, error }, "the end of a container could not be recorded; trying again");
    if (stillActive(deps, id)) deps.timers.after(id, RETRY_AFTER, () => void settleExit(deps, id, exit));
  }
}

function stillActive({ store }: RunDeps, id: string): boolean {
  return store.has(id) && isActive(store.get(id).state);
}

/** The wait of a restart policy is over. */
async function restartByPolicy(deps: RunDeps, id: string): Promise<void> {
  const restarted = await deps.locks.run(id, async () => {
    const container = deps.store.has(id) ? deps.store.get(id) : undefined;
    if (container?.state.status !== "restarting" || deps.holds.has(id) || deps.closing.aborted) return false;
    try {
      await runContainer(deps, container, container.restartCount);
      return true;
    } catch (error) {
      deps.logger.warn({ container: id, error }, "a container could not be restarted");
      deps.waiters.exited(id, { exitCode: container.state.last.exitCode, error: messageOf(error) });
      return false;
    }
  });
  if (restarted) deps.onOwnRestart(id);
}
