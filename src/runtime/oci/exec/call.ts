import { EngineError } from "#errors/engine-error.ts";
import { identify, signalProcess } from "#sys/processes/pidfd.ts";
import type { ExecRequest } from "../../contract.ts";
import type { DriverContext, LiveContainer } from "../driver/context.ts";
import { execError } from "../errors.ts";

/** One exec, as its steps share it. */
export interface ExecCall {
  readonly context: DriverContext;
  readonly live: LiveContainer;
  readonly request: ExecRequest;
  readonly signal: AbortSignal;
}

/** An exec under way, however it was started. */
export interface StartedExec {
  /** Host pid; undefined when nothing was run. */
  readonly pid: Promise<number | undefined>;
  readonly exitCode: Promise<number>;
  /** Ends what was started, and with it the process unless that runs already. */
  abandon(): void;
}

/** The process's description as the runtime reads it. */
export function processText({ process, tty, size }: ExecRequest): string {
  const consoleSize = tty && size !== undefined ? { consoleSize: { height: size.rows, width: size.columns } } : {};
  return JSON.stringify({ ...process, terminal: tty, ...consoleSize });
}

export function pidFileOf({ context, request }: ExecCall): string {
  return `${context.folders.pids}/${request.execId}`;
}

export function execFailure({ live, request }: ExecCall, said: string): EngineError {
  return execError({ runtime: live.runtime.name, executable: request.process.args[0] ?? "" }, said);
}

const SIGKILL = 9;

/** Waits for the pid. @throws EngineError `cancelled`; the process, if there was one, is killed. */
export async function pidOf(started: StartedExec, signal: AbortSignal): Promise<number | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const abort = (): void => aborted.resolve(undefined);
  signal.addEventListener("abort", abort);
  try {
    const pid = await Promise.race([started.pid, aborted.promise]);
    if (!signal.aborted) return pid;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  started.abandon();
  const pid = await started.pid;
  const identity = pid === undefined ? undefined : identify(pid);
  if (identity !== undefined) signalProcess(identity, SIGKILL);
  throw new EngineError("cancelled", "exec was cancelled", { cause: signal.reason });
}
