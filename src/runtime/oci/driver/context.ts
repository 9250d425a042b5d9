import type { Logger } from "#lib/logger.ts";
import type { CgroupHost } from "#sys/cgroups/cgroup-paths.ts";
import type { FolderWatch } from "#sys/files/folder-watch.ts";
import type { OomWatch } from "#sys/cgroups/oom-watch.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { ProcessExit } from "../../contract.ts";
import type { ExecFolders } from "../../monitor/exec-folders.ts";
import type { MonitoredProcesses, MonitorRecord } from "../../monitor/record.ts";
import type { OutputHub } from "../../monitor/output-hub.ts";
import type { StdinRoute } from "../../monitor/streams.ts";
import { Runtime } from "../runtimes.ts";

/** What the verbs of the driver share. */
export interface DriverContext {
  readonly folders: ExecFolders;
  readonly runtimes: ReadonlyMap<string, Runtime>;
  readonly defaultRuntime: string;
  readonly monitorPath: string;
  readonly cgroups: CgroupHost;
  /** The group that monitors are put into, relative to each tree's root. */
  readonly monitorCgroup: string;
  readonly exits: FolderWatch;
  readonly pids: FolderWatch;
  readonly ooms: OomWatch;
  readonly logger: Logger;
  /** Aborts when the driver is closed: nothing is done to containers from then on. */
  readonly closed: AbortSignal;
}

/** A container that this daemon has started or taken over, until it is deleted. */
export interface LiveContainer {
  readonly id: string;
  readonly record: MonitorRecord;
  readonly processes: MonitoredProcesses;
  readonly runtime: Runtime;
  readonly exit: Promise<ProcessExit>;
  readonly monitorEnd: MonitorEnd;
  state: ContainerState;
  /** When this driver let it go. */
  startedAt: Date | undefined;
  /** Found when it is first needed. */
  stdin: StdinRoute | undefined;
  /** There while somebody is attached. */
  hub: OutputHub | undefined;
}

/** The monitor's process, a moment longer than the container. */
export interface MonitorEnd {
  readonly gone: Promise<void>;
  /** Waiting for it no longer keeps the event loop alive. */
  unref(): void;
}

export type ContainerState = "created" | "running" | "exited";

/** @throws EngineError `not-implemented` with dockerd's text. */
export function runtimeNamed(context: DriverContext, name: string | undefined): Runtime {
  const runtime = context.runtimes.get(name ?? context.defaultRuntime);
  if (runtime === undefined) throw new EngineError("not-implemented", `unknown or invalid runtime name: ${name}`);
  return runtime;
}

/** The runtime of a container that exists. One that is configured no longer serves its containers until they are deleted. */
export function runtimeOf({ runtimes, folders }: DriverContext, { runtime, runtimePath }: MonitorRecord): Runtime {
  const known = runtimes.get(runtime);
  if (known !== undefined) return known;
  return new Runtime(runtime, { path: runtimePath }, { kind: "other", version: "" }, `${folders.runtimes}/${runtime}`);
}

/** Of a container's own files: where its exit code will be, where its record is, and where the runtime writes its pid. */
export function filesOf(context: DriverContext, id: string): { exit: string; record: string; pid: string } {
  const { exits, records } = context.folders;
  return { exit: `${exits}/${id}`, record: `${records}/${id}.json`, pid: `${records}/${id}.pid` };
}
