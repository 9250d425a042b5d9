import { countsAsRunning, errorOf, exitCodeOf } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import type { ExitReport } from "./exit/waiters.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

/**
 * Waits for a container to come to rest. It is registered when this returns, so that an exit a moment later is not missed.
 *
 * @returns the report, in an object so that the caller can answer before it is there.
 * @throws EngineError `not-found`.
 */
export function waitContainer(
  deps: Pick<ContainerContext, "store" | "waiters">,
  reference: string,
  condition: WaitCondition,
  signal: AbortSignal,
): { readonly report: Promise<ExitReport> } {
  const { id, state } = deps.store.find(reference);
  if (condition === "not-running" && !countsAsRunning(state)) {
    return { report: Promise.resolve({ exitCode: exitCodeOf(state), error: errorOf(state) || undefined }) };
  }
  return { report: deps.waiters.next(id, condition === "removed" ? "removal" : "exit", signal) };
}
