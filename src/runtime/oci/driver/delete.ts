import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path/posix";
import { setTimeout as delay } from "node:timers/promises";
import { removeCgroup } from "#sys/cgroups/cgroup.ts";
import { parentOf, type ProcessIdentity, signalProcess } from "#sys/processes/pidfd.ts";
import { type MonitorRecord, readRecord, unfinished } from "../../monitor/record.ts";
import { type DriverContext, filesOf, type LiveContainer, runtimeOf } from "./context.ts";
import { inTime, killContainer, killMembers, killProcess } from "./kill.ts";
import type { Runtime } from "../runtimes.ts";
import { runRuntime } from "../runtimes-command.ts";

const SIGKILL = 9;

/** Kills what still runs and takes everything away that `create` made. */
export async function deleteContainer(context: DriverContext, id: string, live: LiveContainer | undefined): Promise<void> {
  if (live === undefined) return deleteUnknown(context, id);
  if (live.state !== "exited") await killContainer(context, live);
  await Promise.all([endMonitor(live), removeTraces(context, id, live.record, live.runtime)]);
}

/** A container that nobody watches: what its record says, or what a runtime has under its id, is taken away. */
async function deleteUnknown(context: DriverContext, id: string): Promise<void> {
  const record = await readRecord(filesOf(context, id).record);
  if (record === undefined) {
    await killUnrecorded(context, id);
    await Promise.all([...context.runtimes.values()].map((runtime) => removeState(runtime, id)));
    await removeFiles(context, id, undefined);
    return rm(filesOf(context, id).record, { force: true });
  }
  // The monitor first: it would write down the end of the container where that has been cleaned up.
  const monitor = record.processes?.monitor ?? (await monitorOf(context, id));
  if (monitor !== undefined) await inTime(killProcess(monitor));
  return removeTraces(context, id, record, runtimeOf(context, record));
}

/** Its record was damaged: its monitor is found by the pid file, and it is taken to be in the instance's own group. */
async function killUnrecorded(context: DriverContext, id: string): Promise<void> {
  const monitor = await monitorOf(context, id);
  if (monitor === undefined) return;
  await inTime(killProcess(monitor));
  await removeGroup(context, `${dirname(context.monitorCgroup)}/${id}`);
}

/** The monitor of a container whose daemon died before it wrote down who that is: the parent of the container's first process. */
async function monitorOf(context: DriverContext, id: string): Promise<ProcessIdentity | undefined> {
  const pid = Number.parseInt(await textOrNothing(filesOf(context, id).pid), 10);
  const parent = pid > 0 ? parentOf(pid) : undefined;
  const words = (await textOrNothing(`/proc/${parent?.pid}/cmdline`)).split("\0");
  return words.includes(`--cid=${id}`) ? parent : undefined;
}

async function textOrNothing(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** It ends by itself right after it has written the exit code. */
async function endMonitor(live: LiveContainer): Promise<void> {
  if (!(await inTime(live.monitorEnd.gone))) signalProcess(live.processes.monitor, SIGKILL);
}

/** What there is of a container to remove; without a cgroup nothing was ever run. */
export type Traces = Pick<MonitorRecord, "bundle"> & { readonly cgroupPath: string | undefined };

/** Removes the container's processes, cgroup, runtime state and files, whatever there is of them. */
export async function removeTraces(context: DriverContext, id: string, { bundle, cgroupPath }: Traces, runtime: Runtime): Promise<void> {
  if (cgroupPath !== undefined) await removeGroup(context, cgroupPath);
  await Promise.all([removeState(runtime, id), removeFiles(context, id, bundle)]);
  // Last: while it is there, the rest can be found again.
  await rm(filesOf(context, id).record, { force: true });
}

/**
 * For crun and runc a stopped container is a folder and its cgroup, and `delete` removes no more than these (hooks and systemd's
 * scopes, which Dhow does not use, aside); done here it costs no process. Others are asked.
 */
async function removeState(runtime: Runtime, id: string): Promise<void> {
  if (runtime.kind === "other") await runRuntime(runtime, "delete", "--force", id);
  await rm(runtime.stateOf(id), { recursive: true, force: true });
}

/** A process that has just ended may still be on its way out of the group. */
const MOST_TRIES = 50;
const BETWEEN_TRIES_MS = 10;

/** The kernel refuses to remove a group that has processes: then these are killed. */
async function removeGroup(context: DriverContext, cgroupPath: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await removeCgroup(context.cgroups, cgroupPath);
    } catch (error) {
      if (attempt === MOST_TRIES) {
        context.logger.warn({ err: error, cgroup: cgroupPath }, "a container's cgroup could not be removed");
        return;
      }
      if (attempt === 1) await killMembers(context, cgroupPath);
      else await delay(BETWEEN_TRIES_MS);
    }
  }
}

/** What the runtime and the monitor made in the bundle; the folder itself is the caller's. */
const BUNDLE_FILES = ["config.json", "attach", "ctl", "winsz"];

async function removeFiles(context: DriverContext, id: string, bundle: string | undefined): Promise<void> {
  const { exit, pid, record } = filesOf(context, id);
  const inBundle = bundle === undefined ? [] : BUNDLE_FILES.map((name) => `${bundle}/${name}`);
  await Promise.all([exit, pid, unfinished(record), ...inBundle].map((path) => rm(path, { force: true })));
}
