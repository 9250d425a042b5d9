import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { ContainerConfig, EndpointSettings, HostConfig } from "#spec/docker-api/types.ts";
import type { PlannedMount } from "../ports.ts";

/**
 * One container: what was asked for, and where it is in its life. Values are immutable; a change makes a new one, so that a list
 * that is being written out never shows half of a change.
 */
export interface Container {
  /** 64 hex digits. */
  readonly id: string;
  /** Without the slash that the API shows. */
  readonly name: string;
  /** Milliseconds since the epoch, as every time in here. */
  readonly created: number;
  /** Merged with the image's (merge-config.ts). */
  readonly config: ContainerConfig;
  /** With Docker's defaults filled in (host-config.ts). */
  readonly hostConfig: HostConfig;
  /** What the user asked for, by network. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly image: ContainerImage;
  readonly mounts: readonly PlannedMount[];
  /** What the engine acts on (engine-labels.ts); absent in records of before there was any. */
  readonly engineLabels?: Readonly<Record<string, string>> | undefined;
  /** Restarts by the restart policy since a user last started it. */
  readonly restartCount: number;
  readonly state: ContainerState;
  /** What is wrong with its record: it is dead, which is to say that it can be looked at, copied from and removed. */
  readonly damage?: string | undefined;
}

interface ContainerImage {
  readonly id: Digest;
  /** As the user wrote it. */
  readonly reference: string;
  readonly os: string;
  readonly topLayer: Digest | undefined;
  readonly manifest: Digest | undefined;
}

/**
 * created → running ⇄ paused → exited → running …, with `restarting` between two runs of a restart policy. There is no state
 * `removing`: a removed container leaves the table in the transaction that buries it (container-store.ts), and its name is free
 * at once; what is left of it is a removal that goes on behind, over restarts of the daemon if need be.
 */
export type ContainerState = Created | Active | Restarting | Exited;

interface Created {
  readonly status: "created";
  /** Why the only attempts to start it failed. */
  readonly failure?: StartFailure | undefined;
}

export interface Active {
  readonly status: "running" | "paused";
  readonly pid: number;
  readonly startedAt: number;
  /** End of the run before. */
  readonly finishedBefore?: number | undefined;
  /** A user asked it to stop: no restart policy brings it back. */
  readonly stopRequested: boolean;
  /** Paused by a commit, which a crash may have ended: it goes on when the daemon starts. */
  readonly frozenForCommit?: boolean | undefined;
  /** Processes that the kernel has killed for memory in this run, as far as was told. */
  readonly oomKills?: number | undefined;
}

export interface Restarting {
  readonly status: "restarting";
  readonly last: FinishedRun;
}

export interface Exited {
  readonly status: "exited";
  readonly last: FinishedRun;
  readonly stopRequested: boolean;
}

interface FinishedRun {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why a later start failed, or a restart was given up; empty otherwise. */
  readonly error: string;
}

export interface StartFailure {
  /** 127: no such program, 126: it cannot be executed, 128: anything else. */
  readonly exitCode: number;
  readonly message: string;
}

/** Docker's word for where it is in its life. */
export function statusOf({ state, damage }: Pick<Container, "state" | "damage">): ContainerState["status"] | "dead" {
  return damage !== undefined && !countsAsRunning(state) ? "dead" : state.status;
}

export function isActive(state: ContainerState): state is Active {
  return state.status === "running" || state.status === "paused";
}

/** Docker counts a container between two restarts as running. */
export function countsAsRunning(state: ContainerState): state is Active | Restarting {
  return isActive(state) || state.status === "restarting";
}

/** @throws EngineError `conflict`, or `not-modified` when it runs already. */
export function requireStartable(container: Container): void {
  const { state } = container;
  requireWhole(container);
  if (state.status === "paused") throw new EngineError("conflict", "cannot start a paused container, try unpause instead");
  if (countsAsRunning(state)) throw new EngineError("not-modified", "container already started");
}

/** @throws EngineError `conflict` for one that nobody knows how to start. */
export function requireWhole({ id, damage }: Container): void {
  if (damage !== undefined) throw new EngineError("conflict", `container ${id} is dead and cannot be used: ${damage}`);
}

/** @throws EngineError `conflict`: `container <id> is not running`. */
export function requireActive({ id, state }: Container): Active {
  if (!isActive(state)) throw new EngineError("conflict", `container ${id} is not running`);
  return state;
}

export function started(state: ContainerState, pid: number, startedAt: number): Active {
  const finishedBefore = "last" in state ? state.last.finishedAt : undefined;
  return { status: "running", pid, startedAt, finishedBefore, stopRequested: false };
}

/** A container that never ran stays `created`; one that did keeps the times of its last run. */
export function startFailed(state: ContainerState, failure: StartFailure): ContainerState {
  if (!("last" in state)) return { status: "created", failure };
  const last = { ...state.last, exitCode: failure.exitCode, error: failure.message };
  return { status: "exited", last, stopRequested: false };
}

export interface Ending {
  readonly exitCode: number;
  readonly finishedAt: number;
  readonly oomKilled: boolean;
}

/** @param restarts whether the restart policy brings it back. */
export function afterExit(state: Active, ending: Ending, restarts: boolean): Restarting | Exited {
  const last = { startedAt: state.startedAt, ...ending, error: "" };
  return restarts ? { status: "restarting", last } : { status: "exited", last, stopRequested: state.stopRequested };
}

/** The restart is called off. */
export function settled(state: Restarting, stopRequested: boolean, error = ""): Exited {
  return { status: "exited", last: { ...state.last, error }, stopRequested };
}

export function exitCodeOf(state: ContainerState): number {
  if ("last" in state) return state.last.exitCode;
  return state.status === "created" ? (state.failure?.exitCode ?? 0) : 0;
}

export function errorOf(state: ContainerState): string {
  if ("last" in state) return state.last.error;
  return state.status === "created" ? (state.failure?.message ?? "") : "";
}
