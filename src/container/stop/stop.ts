import { EngineError, messageOf } from "#errors/engine-error.ts";
import { countsAsRunning, type Container } from "../record/container.ts";
import { parseSignal, SIGTERM } from "#spec/signals.ts";
import { stopRun, type StopPlan, type StopRunDeps } from "./stop-run.ts";

export interface StopOptions {
  /** Seconds before SIGKILL; -1 is for ever; undefined: the container's StopTimeout, or ten. */
  readonly timeout?: number | undefined;
  /** Undefined: the container's StopSignal, or SIGTERM. */
  readonly signal?: string | undefined;
}

const DEFAULT_TIMEOUT = 10;

/**
 * Asks a container to end, and makes it when it does not.
 *
 * @throws EngineError `not-found`, `not-modified` when it does not run, `invalid` for an unknown signal.
 */
export async function stopContainer(deps: StopRunDeps, reference: string, options: StopOptions): Promise<void> {
  const container = deps.store.find(reference);
  const plan = stopPlan(reference, container, options, true);
  if (!countsAsRunning(container.state)) throw new EngineError("not-modified", "container already stopped");
  await stopRun(deps, container.id, { ...plan, tell: true });
}

export function stopPlan(reference: string, { config }: Container, { timeout, signal }: StopOptions, stayDown: boolean): StopPlan {
  const seconds = timeout ?? config.StopTimeout ?? DEFAULT_TIMEOUT;
  return { signal: stopSignal(reference, signal || config.StopSignal), timeoutMs: seconds * 1000, stayDown };
}

function stopSignal(reference: string, text: string | undefined): number {
  if (text === undefined || text === "") return SIGTERM;
  try {
    return parseSignal(text);
  } catch (cause) {
    throw new EngineError("invalid", `cannot stop container: ${reference}: ${messageOf(cause)}`, { cause });
  }
}
