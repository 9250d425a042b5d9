import { EngineError } from "#errors/engine-error.ts";
import type { TerminalSize } from "#runtime/contract.ts";
import type { ExecDeps } from "./create.ts";

/**
 * Sets the size of an exec's terminal; before its start, the size it will begin with: a client sends it as soon as it has attached,
 * which may be earlier than the process is there.
 *
 * @throws EngineError `not-found`, or `conflict` when it has ended.
 */
export function resizeExec({ execs }: Pick<ExecDeps, "execs">, id: string, size: TerminalSize): void {
  const { state } = execs.get(id);
  if (state.status === "exited") throw new EngineError("conflict", `exec command ${id} has already run`);
  execs.update(id, { size });
  if (state.status === "running") state.process.resize(size);
}
