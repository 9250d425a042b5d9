import { EngineError, messageOf } from "#errors/engine-error.ts";
import { isActive, type Container } from "../record/container.ts";
import { ExitWatch } from "../run/exit/watch.ts";
import { noteStopRequest, sendSignal } from "./send-signal.ts";
import { parseSignal, SIGKILL, SIGTERM } from "#spec/signals.ts";
import { cancelRestart, type StopRunDeps } from "./stop-run.ts";

/** As long as Docker waits for the end after SIGKILL before it answers, ms. */
const PATIENCE = 10_000;

/**
 * Sends a signal. SIGKILL is answered when the container has ended.
 *
 * @param signal name or number; empty is SIGKILL.
 * @throws EngineError `not-found`, `conflict` when it does not run, `invalid` for an unknown signal.
 */
export async function killContainer(deps: StopRunDeps, reference: string, signal: string): Promise<void> {
  const { id } = deps.store.find(reference);
  const number = prefixed(reference, () => (signal === "" ? SIGKILL : parseSignal(signal)));
  using watch = new ExitWatch(deps.waiters, id);
  await deps.locks.run(id, async () => await deliver(deps, reference, deps.store.get(id), number));
  if (number === SIGKILL) await watch.within(PATIENCE);
}

async function deliver(deps: StopRunDeps, reference: string, container: Container, signal: number): Promise<void> {
  const { state, id } = container;
  if (state.status === "restarting") return await cancelRestart(deps, id, state, true);
  if (!isActive(state)) {
    throw new EngineError("conflict", `cannot kill container: ${reference}: container ${id} is not running`);
  }
  const ending = endsIt(container, signal);
  await sendSignal(deps, ending ? noteStopRequest(deps, container) : container, signal, ending);
}

/** Only SIGKILL and the container's own stop signal are meant to end it; a SIGHUP is none of the restart policy's business. */
function endsIt({ config }: Container, signal: number): boolean {
  if (signal === SIGKILL) return true;
  try {
    return signal === (config.StopSignal ? parseSignal(config.StopSignal) : SIGTERM);
  } catch {
    return false; // An image's own nonsense.
  }
}

function prefixed<T>(reference: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new EngineError("invalid", `cannot kill container: ${reference}: ${messageOf(cause)}`, { cause });
  }
}
