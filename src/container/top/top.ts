import { requireActive } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { readHostView, readProcesses } from "./process-table.ts";
import { parsePsArguments } from "./ps-args.ts";

export interface ProcessList {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

/**
 * The processes of a container as `ps` would list them.
 *
 * @param psArguments `-ef` when empty.
 * @throws EngineError `not-found`, `conflict` when it does not run, `invalid` for arguments that are not known.
 */
export async function containerProcesses(
  deps: Pick<ContainerContext, "store" | "runtime" | "options">,
  reference: string,
  psArguments: string,
): Promise<ProcessList> {
  const columns = parsePsArguments(psArguments || "-ef");
  const container = deps.store.find(reference);
  requireActive(container);
  const [processes, host] = await Promise.all([
    deps.runtime.processes(container.id).then(async (pids) => await readProcesses(pids)),
    readHostView(deps.options.host.memoryBytes),
  ]);
  return {
    titles: columns.map(({ title }) => title),
    processes: processes.map((process) => columns.map(({ value }) => value(process, host))),
  };
}
