import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { ExecProcess, TerminalSize } from "#runtime/contract.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import type { Container } from "../record/container.ts";
import type { StreamSession } from "../attach/stream-session.ts";
import { commandLine, requireExecutable, type ExecDeps } from "./create.ts";
import { processOf } from "./exec-process.ts";
import type { ExecSession } from "./exec-session.ts";
import { ExecStream, failedStream } from "./exec-stream.ts";

const EXIT_CODES: Readonly<Record<string, number>> = { "not-found-executable": 127, "not-executable": 126 };
const START_FAILED = 126;

/**
 * Runs a session's command and hands over its stdio. A command that cannot be run is no error: its stream says so, and its exit code
 * is 126 or 127.
 *
 * @throws EngineError `not-found`, or `conflict` when it has been started before or the container does not run.
 */
export async function startExec(deps: ExecDeps, id: string, size: TerminalSize | undefined): Promise<StreamSession> {
  const { session, container } = claim(deps, id, size);
  try {
    const process = await run(deps, container, session, deps.closing);
    return new ExecStream(process, session.config, () => emitContainerEvent(deps.events, container, "exec_detach", { execID: id }));
  } catch (error) {
    return failedStream(session.config, messageOf(error));
  }
}

/**
 * Runs a session's command, and throws its output away.
 *
 * @throws EngineError as startExec, and when the command cannot be run.
 */
export async function startDetachedExec(deps: ExecDeps, id: string): Promise<void> {
  void discard(await startExecProcess(deps, id, deps.closing));
}

/**
 * Runs a session's command for the engine itself, which reads its output.
 *
 * @param signal calls the start off.
 * @throws EngineError as startDetachedExec.
 */
export async function startExecProcess(deps: ExecDeps, id: string, signal: AbortSignal): Promise<ExecProcess> {
  const { session, container } = claim(deps, id, undefined);
  return await run(deps, container, session, signal);
}

/** Reads on, so that the process never waits for a reader. */
async function discard({ output }: ExecProcess): Promise<void> {
  for await (const _chunk of output);
}

/** Of two starts at once, one wins. */
function claim({ execs, store }: ExecDeps, id: string, size: TerminalSize | undefined): { session: ExecSession; container: Container } {
  const session = execs.get(id);
  if (session.state.status !== "created") throw new EngineError("conflict", `exec command ${id} has already run`);
  const container = store.get(session.containerId);
  requireExecutable(container.name, container);
  execs.update(id, { state: { status: "starting" }, size: size ?? session.size });
  return { session: execs.get(id), container };
}

async function run(deps: ExecDeps, container: Container, session: ExecSession, signal: AbortSignal): Promise<ExecProcess> {
  const { id, config } = session;
  emitContainerEvent(deps.events, container, `exec_start: ${commandLine(config)}`, { execID: id });
  try {
    const process = await spawn(deps, container, session, signal);
    deps.execs.update(id, { state: { status: "running", process } });
    void process.exited.then(({ exitCode }) => settle(deps, container, id, { exitCode, pid: process.pid }));
    return process;
  } catch (error) {
    const code = error instanceof EngineError ? (error.code ?? "") : "";
    deps.execs.update(id, { state: { status: "exited", exitCode: EXIT_CODES[code] ?? START_FAILED, pid: 0, at: Date.now() } });
    throw error;
  }
}

async function spawn(deps: ExecDeps, container: Container, session: ExecSession, signal: AbortSignal): Promise<ExecProcess> {
  const { id, config, size } = session;
  const request = { execId: id, process: processOf(deps, container, session), tty: config.tty, stdin: config.stdin, size };
  const process = await deps.runtime.exec(container.id, request, signal);
  const latest = deps.execs.get(id).size;
  if (latest !== undefined && latest !== size) process.resize(latest); // Resized while it came into being.
  return process;
}

function settle(deps: ExecDeps, container: Container, id: string, end: { exitCode: number; pid: number }): void {
  deps.execs.update(id, { state: { status: "exited", ...end, at: Date.now() } });
  emitContainerEvent(deps.events, container, "exec_die", { execID: id, exitCode: String(end.exitCode) });
}
