import { countOomKills } from "#sys/cgroups/cgroup.ts";
import type { ProcessExit } from "../../contract.ts";
import { readExitFile } from "../../monitor/exit-file.ts";
import type { MonitoredProcesses, MonitorRecord } from "../../monitor/record.ts";
import { type ContainerState, type DriverContext, filesOf, type LiveContainer, type MonitorEnd } from "./context.ts";
import { killMembers } from "./kill.ts";
import type { Runtime } from "../runtimes.ts";

export interface Watched {
  readonly id: string;
  readonly record: MonitorRecord;
  readonly processes: MonitoredProcesses;
  readonly runtime: Runtime;
  readonly state: Exclude<ContainerState, "exited">;
}

/**
 * Follows a container to its end, from two sides: the monitor's exit file, which is there a moment before the monitor itself has
 * ended, and the monitor's process, in case somebody killed it.
 */
export function watchContainer(context: DriverContext, watched: Watched, monitorEnd: MonitorEnd): LiveContainer {
  const live: LiveContainer = {
    ...watched,
    exit: exitOf(context, watched, monitorEnd.gone).then((exit) => notBefore(live.startedAt, exit)),
    monitorEnd,
    startedAt: undefined,
    stdin: undefined,
    hub: undefined,
  };
  void live.exit.then(() => {
    live.state = "exited";
    if (live.stdin?.kind === "direct") live.stdin.port.destroy();
    live.stdin = { kind: "none" };
  });
  return live;
}

/** File times are those of the kernel's last tick, some milliseconds back: a container must not end before it was started. */
function notBefore(startedAt: Date | undefined, exit: ProcessExit): ProcessExit {
  return startedAt !== undefined && exit.finishedAt < startedAt ? { ...exit, finishedAt: startedAt } : exit;
}

async function exitOf(context: DriverContext, { id, record }: Watched, monitorGone: Promise<void>): Promise<ProcessExit> {
  const written = Promise.withResolvers<void>();
  const ignore = context.exits.listen(id, written.resolve);
  await Promise.race([written.promise, monitorGone]);
  ignore();
  const [exit, kills] = await Promise.all([readExitFile(filesOf(context, id).exit), countOomKills(context.cgroups, record.cgroupPath)]);
  if (exit !== undefined) return { ...exit, oomKilled: kills > 0, oomKills: kills };
  if (context.closed.aborted) return new Promise(() => {});
  return endWithoutMonitor(context, id, record);
}

/** Without its monitor nobody reads a container's output or would learn its exit code. */
async function endWithoutMonitor(context: DriverContext, id: string, record: MonitorRecord): Promise<ProcessExit> {
  context.logger.warn({ container: id }, "the monitor was killed; its container is killed too");
  const oomKills = await countOomKills(context.cgroups, record.cgroupPath);
  await killMembers(context, record.cgroupPath).catch((error: unknown) => {
    context.logger.error({ err: error, container: id }, "a container without monitor could not be killed");
  });
  return { exitCode: 137, finishedAt: new Date(), oomKilled: oomKills > 0, oomKills };
}
