import type { AttachOptions } from "#container/attach/attach.ts";
import type { CreateAnswer, CreateRequest } from "#container/create/create.ts";
import type { ExitReport } from "#container/run/exit/waiters.ts";
import type { InspectedContainer } from "#container/list/inspect.ts";
import type { ListedContainer, ListOptions } from "#container/list/list.ts";
import type { ContainerLogs, LogsOptions } from "#container/attach/logs.ts";
import type { PruneReport } from "#container/remove/prune.ts";
import type { ContainerStats } from "#container/stats/sample.ts";
import type { RemoveOptions } from "#container/remove/remove.ts";
import type { StopOptions } from "#container/stop/stop.ts";
import type { StreamSession } from "#container/attach/stream-session.ts";
import type { ProcessList } from "#container/top/top.ts";
import type { WaitCondition } from "#container/run/wait.ts";
import type { FileChange } from "#container/files/changes.ts";
import type { PackedPath } from "#container/files/get-archive.ts";
import type { PutArchiveRequest } from "#container/files/put-archive.ts";
import type { PathStat } from "#container/files/stat-path.ts";
import type { TerminalSize } from "#runtime/contract.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { PortChange } from "#spec/network/port-change.ts";
import type { RateChange } from "#spec/network/rate.ts";
import type { Filters } from "#spec/filters/filters.ts";

/** What the containers' routes need of the engine, by what it is for. A reference is a name, an id, or the beginning of one. */
export interface ContainerBackend extends ContainerLifecycle, ContainerProcesses, ContainerQueries, ContainerStdio, ContainerArchives {}

export interface ContainerLifecycle {
  create(request: CreateRequest): Promise<CreateAnswer>;
  remove(reference: string, options: RemoveOptions): Promise<void>;
  rename(reference: string, name: string): Promise<void>;
  update(
    reference: string,
    change: HostConfig,
    own?: { rate?: RateChange | undefined; ports?: PortChange | undefined },
  ): Promise<{ readonly warnings: readonly string[] }>;
  prune(filters: Filters): Promise<PruneReport>;
}

export interface ContainerProcesses {
  start(reference: string): Promise<void>;
  stop(reference: string, options: StopOptions): Promise<void>;
  restart(reference: string, options: StopOptions): Promise<void>;
  kill(reference: string, signal: string): Promise<void>;
  pause(reference: string): Promise<void>;
  unpause(reference: string): Promise<void>;
  wait(reference: string, condition: WaitCondition, signal: AbortSignal): { readonly report: Promise<ExitReport> };
}

export interface ContainerQueries {
  list(options: ListOptions): Promise<readonly ListedContainer[]>;
  inspect(reference: string, size: boolean): Promise<InspectedContainer>;
  top(reference: string, psArguments: string): Promise<ProcessList>;
  logs(reference: string, options: LogsOptions, signal: AbortSignal): ContainerLogs;
  stats(reference: string, options: { readonly oneSample: boolean }, signal: AbortSignal): Promise<ContainerStats>;
  followStats(reference: string, signal: AbortSignal): AsyncIterable<ContainerStats>;
}

export interface ContainerStdio {
  attach(reference: string, options: AttachOptions): Promise<StreamSession>;
  resize(reference: string, size: TerminalSize): Promise<void>;
}

/** A path is one of the container's. */
export interface ContainerArchives {
  statPath(reference: string, path: string, signal: AbortSignal): Promise<PathStat>;
  getArchive(reference: string, path: string, signal: AbortSignal): Promise<PackedPath>;
  putArchive(reference: string, request: PutArchiveRequest, signal: AbortSignal): Promise<void>;
  export(reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  changes(reference: string, signal: AbortSignal): Promise<readonly FileChange[]>;
}
