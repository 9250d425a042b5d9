import { readdir } from "node:fs/promises";
import { isEngineError } from "#errors/engine-error.ts";
import type { ProcessExit, Recovered } from "#runtime/contract.ts";
import { isActive, started, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { isContainerId } from "../create/identity.ts";
import { bundlesFolder, containerPaths } from "../record/paths.ts";
import { thawAfterCommit } from "../stop/freeze.ts";
import { watchRun, settleExit, type RunDeps } from "../run/run.ts";
import { forEachLimited } from "./for-each-limited.ts";

const AT_ONCE = 8;

/** What became of one run that this daemon did not see the end of. */
export interface Fate {
  readonly id: string;
  readonly recovered: Recovered;
}

/**
 * Asks the runtime after every container that was running when the last daemon stopped, and after every bundle there is: one that
 * was killed between starting a process and writing that down left a bundle.
 */
export async function recoverRuns(deps: Pick<ContainerContext, "store" | "runtime" | "options" | "logger">): Promise<Fate[]> {
  const fates: Fate[] = [];
  await forEachLimited(await runningOnceIds(deps), AT_ONCE, async (id) => {
    fates.push({ id, recovered: await recoverRun(deps, id) });
  });
  return fates;
}

async function runningOnceIds({ store, options }: Pick<ContainerContext, "store" | "options">): Promise<Set<string>> {
  const active = [...store.all()].filter(({ state }) => isActive(state)).map(({ id }) => id);
  return new Set([...active, ...(await idsIn(bundlesFolder(options.instance)))]);
}

/** The containers' ids among a folder's names; none when there is no such folder. */
export async function idsIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter(isContainerId);
}

async function recoverRun(deps: Pick<ContainerContext, "store" | "runtime" | "options" | "logger">, id: string): Promise<Recovered> {
  const runtime = deps.store.has(id) ? deps.store.get(id).hostConfig.Runtime : undefined;
  try {
    return await deps.runtime.recover(id, containerPaths(deps.options.instance, id).bundle, runtime);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    deps.logger.error({ container: id, error }, "a container could not be taken over");
    return { kind: "gone" };
  }
}

/** Docker's exit code of a container that vanished: the host was rebooted, or its monitor was killed. */
const LOST = 255;

/** Acts on a fate: watches on, or records the end with the time at which it came. */
export async function settleFate(deps: RunDeps, { id, recovered }: Fate): Promise<void> {
  if (!deps.store.has(id)) return; // Its removal is finished elsewhere.
  const container = deps.store.get(id);
  switch (recovered.kind) {
    case "running":
      takeOver(deps, container, recovered);
      watchRun(deps, id);
      return await thawAfterCommit(deps, id);
    case "exited":
      noteUnwrittenStart(deps, container, recovered.exit.finishedAt.getTime());
      return await settleExit(deps, id, recovered.exit, { atBoot: true });
    case "created":
    case "gone":
      return await settleExit(deps, id, lostExit(), { atBoot: true });
  }
}

function takeOver(deps: RunDeps, container: Container, { pid, paused }: Extract<Recovered, { kind: "running" }>): void {
  const state = isActive(container.state) ? container.state : started(container.state, pid, Date.now());
  const taken = deps.store.update(container.id, { state: { ...state, pid, status: paused ? "paused" : "running" } });
  if (!paused) deps.health.resume(taken, state.startedAt);
}

/** It ran, and ended, before its start was written down. */
function noteUnwrittenStart(deps: RunDeps, container: Container, at: number): void {
  if (!isActive(container.state)) deps.store.update(container.id, { state: started(container.state, 0, at) });
}

function lostExit(): ProcessExit {
  return { exitCode: LOST, finishedAt: new Date(), oomKilled: false };
}
