import { countOomKills, isFrozen } from "#sys/cgroups/cgroup.ts";
import { openProcess, watchExit } from "#sys/processes/pidfd.ts";
import { readExitFile } from "../../monitor/exit-file.ts";
import { type MonitoredProcesses, type MonitorRecord, readRecord } from "../../monitor/record.ts";
import type { ProcessExit, Recovered } from "../../contract.ts";
import { type DriverContext, filesOf, type LiveContainer, type MonitorEnd, runtimeOf } from "./context.ts";
import { deleteContainer } from "./delete.ts";
import { isWaiting } from "./start.ts";
import { holdStdin } from "./streams.ts";
import { watchContainer } from "./watch.ts";
import type { Runtime } from "../runtimes.ts";

export interface Recovery {
  readonly recovered: Recovered;
  /** Set when the container runs or is created, or has ended and waits for `delete`. */
  readonly live: LiveContainer | undefined;
}

const GONE: Recovery = { recovered: { kind: "gone" }, live: undefined };

/** Takes over a container that an earlier daemon has started, by what that wrote down and what the monitor has written since. */
export async function recoverContainer(context: DriverContext, id: string): Promise<Recovery> {
  const record = await readRecord(filesOf(context, id).record);
  if (record?.processes === undefined) {
    // Nothing is known, or the daemon died while the container was being made: what there may be of it is taken away.
    await deleteContainer(context, id, undefined);
    return GONE;
  }
  const runtime = runtimeOf(context, record);
  return (
    (await recoverEnded(context, id, record, record.processes, runtime)) ?? recoverRunning(context, id, record, record.processes, runtime)
  );
}

type Found = readonly [context: DriverContext, id: string, record: MonitorRecord, processes: MonitoredProcesses, runtime: Runtime];

/** It ended while no daemon was there, or is about to be recorded as ended. */
async function recoverEnded(...[context, id, record, processes, runtime]: Found): Promise<Recovery | undefined> {
  const file = await readExitFile(filesOf(context, id).exit);
  if (file === undefined) return undefined;
  const oomKills = await countOomKills(context.cgroups, record.cgroupPath);
  const exit: ProcessExit = { ...file, oomKilled: oomKills > 0, oomKills };
  const live: LiveContainer = {
    id,
    record,
    processes,
    runtime,
    exit: Promise.resolve(exit),
    monitorEnd: monitorEnd(processes) ?? { gone: Promise.resolve(), unref() {} },
    state: "exited",
    startedAt: undefined,
    stdin: { kind: "none" },
    hub: undefined,
  };
  return { recovered: { kind: "exited", exit }, live };
}

async function recoverRunning(...[context, id, record, processes, runtime]: Found): Promise<Recovery> {
  const end = monitorEnd(processes);
  if (end === undefined) {
    // It may have ended properly since the exit file was looked for.
    const ended = await recoverEnded(context, id, record, processes, runtime);
    if (ended !== undefined) return ended;
    context.logger.warn({ container: id }, "the monitor was killed; what is left of its container is removed");
    await deleteContainer(context, id, undefined);
    return GONE;
  }
  const { pid } = processes.container;
  const created = await isWaiting({ runtime, id }, pid);
  const live = watchContainer(context, { id, record, processes, runtime, state: created ? "created" : "running" }, end);
  holdStdin(live);
  if (created) return { recovered: { kind: "created", pid }, live };
  return { recovered: { kind: "running", pid, paused: await isFrozen(context.cgroups, record.cgroupPath) }, live };
}

/** Undefined when it has ended already. */
function monitorEnd({ monitor }: MonitoredProcesses): MonitorEnd | undefined {
  const pidfd = openProcess(monitor);
  if (pidfd === undefined) return undefined;
  const watch = watchExit(pidfd);
  return { gone: watch.ready, unref: () => watch.unref() };
}
