import { monotonicMs } from "#lib/monotonic.ts";
import type { EventSink } from "#events/contract.ts";
import { ChangeBell } from "#lib/change-bell.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { OutputChunk, ProcessExit, TerminalSize } from "#runtime/contract.ts";
import type { Digest } from "#spec/digest.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { Filters } from "#spec/filters/filters.ts";
import { attachContainer, type AttachOptions } from "./attach/attach.ts";
import { BackgroundQueue } from "./background-queue.ts";
import { ContainerStore } from "./record/container-store.ts";
import { isActive, type Container } from "./record/container.ts";
import { emitContainerEvent } from "./record/container-events.ts";
import { countContainers, type ContainerCounts } from "./list/counts.ts";
import { createContainer, type CreateRequest } from "./create/create.ts";
import { restartDependants } from "./restart/dependants.ts";
import type { ContainerContext, ContainerDeps, ContainerOptions } from "./deps.ts";
import { createExec } from "./exec/create.ts";
import type { ExecConfig, ExecSession } from "./exec/exec-session.ts";
import { ExecStore } from "./exec/exec-store.ts";
import { resizeExec } from "./exec/resize.ts";
import { startDetachedExec, startExec } from "./exec/start.ts";
import { ExitHolds } from "./run/exit/holds.ts";
import { ExitWaiters } from "./run/exit/waiters.ts";
import { containerChanges } from "./files/changes.ts";
import { exportContainer } from "./files/export.ts";
import { getContainerArchive } from "./files/get-archive.ts";
import { putContainerArchive, type PutArchiveRequest } from "./files/put-archive.ts";
import { statContainerPath } from "./files/stat-path.ts";
import { whileFrozen } from "./stop/freeze.ts";
import { createHealthMonitor } from "./health/create-monitor.ts";
import { HealthStore } from "./health/health-store.ts";
import { inspectContainer } from "./list/inspect.ts";
import { killContainer } from "./stop/kill.ts";
import { listContainers, type ListOptions } from "./list/list.ts";
import { containerLogs, type LogsOptions } from "./attach/logs.ts";
import { networkDirectory } from "./run/name-files/network-directory.ts";
import { pauseContainer, unpauseContainer } from "./stop/pause.ts";
import { PendingAttachments } from "./attach/pending-attachments.ts";
import { pruneContainers } from "./remove/prune.ts";
import { removeContainer, type RemoveOptions } from "./remove/remove.ts";
import { removeAllContainers } from "./remove/remove-all.ts";
import { renameContainer } from "./update/rename.ts";
import { resizeContainer } from "./attach/resize.ts";
import { restartContainer } from "./restart/restart.ts";
import { RestartTimers } from "./restart/restart-timers.ts";
import { restoreContainers } from "./restore/restore.ts";
import { containerDiskUse } from "./list/sizes.ts";
import { startContainer } from "./run/start.ts";
import { checkStep, runStep } from "./step/run-step.ts";
import type { Step } from "./step/step-container.ts";
import { newContainerId } from "./create/identity.ts";
import { StatsCollector } from "./stats/collector.ts";
import { containerStats, followStats } from "./stats/stats.ts";
import { takeSample } from "./stats/take-sample.ts";
import { stopAllContainers } from "./stop/stop-all.ts";
import { stopContainer, type StopOptions } from "./stop/stop.ts";
import { containerProcesses } from "./top/top.ts";
import { type OwnChanges, updateContainer } from "./update/update.ts";
import { waitContainer, type WaitCondition } from "./run/wait.ts";

export type ContainerService = ReturnType<typeof createContainerService>;

/** The containers of one engine. `restore` comes first, once; `close` lets containers run on. */
export function createContainerService(deps: ContainerDeps, options: ContainerOptions) {
  const closing = new AbortController();
  const context = contextOf(deps, options, closing.signal);
  return {
    ...lifecycle(context),
    ...queries(context),
    ...streams(context),
    ...execs(context),
    ...statistics(context),
    ...files(context),
    steps: steps(context),
    /** Takes over from the daemon before. Resolves when every state is true; see restore/restore.ts. */
    restore: async () => await restoreContainers(context),
    /** Finishes what goes on behind answers. Containers, and their monitors, go on; nobody watches them until the next `restore`. */
    close: async () => {
      closing.abort();
      context.timers.resetAll();
      context.health.close();
      await context.background.drain();
    },
  };
}

function contextOf({ database, ...deps }: ContainerDeps, options: ContainerOptions, closing: AbortSignal): ContainerContext {
  const logger = deps.logger.child({ noun: "container" });
  const bell = new ChangeBell();
  const context: ContainerContext = {
    ...deps,
    events: ringing(deps.events, bell),
    bell,
    logger,
    options,
    closing,
    store: new ContainerStore({ database, logger }),
    locks: new KeyedMutex(),
    waiters: new ExitWaiters(),
    attachments: new PendingAttachments(),
    background: new BackgroundQueue({ logger }),
    timers: new RestartTimers(),
    holds: new ExitHolds(),
    execs: new ExecStore(),
    health: createHealthMonitor(() => context, new HealthStore({ database, logger })),
    onOwnRestart: (id) => void restartDependants(context, id),
  };
  return context;
}

function ringing(events: EventSink, bell: ChangeBell): EventSink {
  return {
    emit(event) {
      events.emit(event);
      bell.ring();
    },
  };
}

function lifecycle(context: ContainerContext) {
  return {
    create: async (request: CreateRequest) => await timed(context, "create", createContainer(context, request)),
    start: async (reference: string) => await startContainer(context, reference),
    stop: async (reference: string, stop: StopOptions) => await stopContainer(context, reference, stop),
    restart: async (reference: string, stop: StopOptions) => await restartContainer(context, reference, stop),
    kill: async (reference: string, signal: string) => await killContainer(context, reference, signal),
    pause: async (reference: string) => await pauseContainer(context, reference),
    unpause: async (reference: string) => await unpauseContainer(context, reference),
    remove: async (reference: string, remove: RemoveOptions) => await timed(context, "delete", removeContainer(context, reference, remove)),
    removeAll: async () => await removeAllContainers(context),
    rename: async (reference: string, name: string) => await renameContainer(context, reference, name),
    update: async (reference: string, change: HostConfig, own?: OwnChanges) => await updateContainer(context, reference, change, own),
    /** For the end of a daemon whose containers end with it. */
    stopAll: async (leastSeconds: number) => await stopAllContainers(context, leastSeconds),
    prune: async (filters: Filters) => await pruneContainers(context, filters),
  };
}

async function timed<T>({ onAction }: ContainerContext, action: string, work: Promise<T>): Promise<T> {
  if (onAction === undefined) return await work;
  const begun = monotonicMs();
  const result = await work;
  onAction(action, (monotonicMs() - begun) / 1000);
  return result;
}

function queries(context: ContainerContext) {
  return {
    list: async (list: ListOptions) => await listContainers(context, list),
    /** For the use of the disk by all of them. */
    diskUse: async (container: Container) => await containerDiskUse(context, container),
    top: async (reference: string, psArguments: string) => await containerProcesses(context, reference, psArguments),
    wait: (reference: string, condition: WaitCondition, signal: AbortSignal) => waitContainer(context, reference, condition, signal),
    logs: (reference: string, logs: LogsOptions, signal: AbortSignal) => containerLogs(context, reference, logs, signal),
    /** @throws EngineError `not-found`. */
    find: (reference: string): Container => context.store.find(reference),
    has: (id: string): boolean => context.store.has(id),
    /** Every container, the oldest first. */
    all: (): Container[] => [...context.store.all()],
    /** Ids whose parts on the disk somebody still needs, or is removing: for the volume noun's `restore`. */
    accountedIds: (): Set<string> => context.store.accountedIds(),
    healthChecks: () => context.health.counts,
    counts: (): ContainerCounts => countContainers(context.store.all()),
    /** For the network noun, which connects and disconnects containers. */
    directory: networkDirectory(context),
    /** For the image noun: who stands in the way of a removal. */
    usersOf: (imageId: Digest) => context.store.usersOf(imageId).map(({ id, state }) => ({ id, running: isActive(state) })),
  };
}

function streams(context: ContainerContext) {
  return {
    attach: async (reference: string, attach: AttachOptions) => await attachContainer(context, reference, attach),
    resize: async (reference: string, size: TerminalSize) => await resizeContainer(context, reference, size),
  };
}

function statistics(context: ContainerContext) {
  const { store } = context;
  const collector = new StatsCollector((id) => (store.has(id) ? (takeSample(context, store.get(id)) ?? "not-running") : "gone"));
  const deps = { ...context, collector };
  return {
    stats: async (reference: string, options: { readonly oneSample: boolean }, signal: AbortSignal) =>
      await containerStats(deps, reference, options, signal),
    followStats: (reference: string, signal: AbortSignal) => followStats(deps, reference, signal),
  };
}

function files(context: ContainerContext) {
  return {
    statPath: async (reference: string, path: string, signal: AbortSignal) => await statContainerPath(context, reference, path, signal),
    getArchive: async (reference: string, path: string, signal: AbortSignal) => await getContainerArchive(context, reference, path, signal),
    putArchive: async (reference: string, request: PutArchiveRequest, signal: AbortSignal) =>
      await putContainerArchive(context, reference, request, signal),
    /** For a commit: has a running container stand still meanwhile. */
    whileFrozen: async <T>(id: string, work: () => Promise<T>) => await whileFrozen(context, id, work),
    emitCommitted: (container: Container, details: Readonly<Record<string, string>>) =>
      emitContainerEvent(context.events, container, "commit", details),
    export: async (reference: string, signal: AbortSignal) => await exportContainer(context, reference, signal),
    changes: async (reference: string, signal: AbortSignal) =>
      await timed(context, "changes", containerChanges(context, reference, signal)),
  };
}

/** For the builder: processes that are run once, without a record. */
function steps(context: ContainerContext) {
  return {
    newId: (): string => newContainerId(),
    check: (step: Step): readonly string[] => checkStep(context, step),
    run: async (step: Step, onOutput: (chunk: OutputChunk) => void | Promise<void>, signal: AbortSignal): Promise<ProcessExit> =>
      await runStep(context, step, onOutput, signal),
  };
}

function execs(context: ContainerContext) {
  const { execs: sessions } = context;
  const deps = { ...context, execIds: (containerId: string) => sessions.runningIn(containerId) };
  return {
    inspect: async (reference: string, size: boolean) => await inspectContainer(deps, reference, size),
    execCreate: async (reference: string, config: ExecConfig, size: TerminalSize | undefined) =>
      await createExec(deps, reference, config, size),
    execStart: async (id: string, size: TerminalSize | undefined) => await startExec(deps, id, size),
    execStartDetached: async (id: string) => await startDetachedExec(deps, id),
    execInspect: (id: string): ExecSession => sessions.get(id),
    execResize: (id: string, size: TerminalSize) => resizeExec(deps, id, size),
  };
}
