import type { EventSink } from "#events/contract.ts";
import type { ChangeBell } from "#lib/change-bell.ts";
import type { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Logger } from "#lib/logger.ts";
import type { LogKeeper, LogReader } from "#logs/contract.ts";
import type { LogConfig } from "#logs/config/drivers.ts";
import type { RuntimeDriver } from "#runtime/contract.ts";
import type { ContainerMount, HostDevices, HostFacts, ResolvedUser, SandboxDefaults, SpecInput } from "#runtime/oci/spec-input.ts";
import type { ExecInput } from "#runtime/oci/spec/process/exec-process.ts";
import type { PreparedRoot, RootRequest } from "#runtime/oci/spec/mounts/prepare-rootfs.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { Instance } from "#spec/instance.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { Database } from "#store/db/database.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { Trees } from "#store/tree/trees.ts";
import type { BackgroundQueue } from "./background-queue.ts";
import type { ContainerStore } from "./record/container-store.ts";
import type { ExecStore } from "./exec/exec-store.ts";
import type { ExitHolds } from "./run/exit/holds.ts";
import type { ExitWaiters } from "./run/exit/waiters.ts";
import type { HealthMonitor } from "./health/health-monitor.ts";
import type { HealthOnFailure } from "./health/on-failure.ts";
import type { PendingAttachments } from "./attach/pending-attachments.ts";
import type { ImageSource, NetworkProvider, VolumeProvider } from "./ports.ts";

import type { SharedMemory } from "./run/sharing/shared-memory.ts";
import type { UserNamespaces } from "./run/sharing/user-namespaces.ts";
import type { RestartTimers } from "./restart/restart-timers.ts";

/** How a container is fenced in: the pure functions of runtime/oci, handed in so that tests of the verbs need no root. */
export interface SandboxPlanner {
  /**
   * Checks what a create or an update asks for against what this host can give.
   *
   * @returns warnings for the answer.
   * @throws EngineError `invalid` or `not-implemented`, naming the field.
   */
  check(config: ContainerConfig, hostConfig: HostConfig): readonly string[];
  /** The request without the limits that this host does not have, of which `check` has warned. */
  supported(hostConfig: HostConfig): HostConfig;
  /**
   * Makes the mounted root safe to start in and says where its mounts really go, before any runtime touches it.
   * @throws EngineError `invalid` for a root that cannot be made so.
   */
  prepareRoot(request: RootRequest<ContainerMount>): PreparedRoot<ContainerMount>;
  /** Looks a user up inside the container's root. @throws EngineError `invalid` with Docker's text. */
  resolveUser(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser;
  /** Finds the devices of the host that it gets. @throws EngineError `invalid` for a path that is none. */
  lookUpDevices(hostConfig: HostConfig): Promise<HostDevices>;
  /** Whether its first process is to be an init. @throws EngineError `invalid` where the host has none. */
  wantsInit(input: Pick<SpecInput, "hostConfig" | "defaults" | "initPath">): boolean;
  /** The profile of AppArmor that it gets: `unconfined`, or a name; undefined where there is none. */
  apparmorProfile(hostConfig: HostConfig, defaults: SandboxDefaults): string | undefined;
  spec(input: SpecInput): OciSpec;
  execProcess(input: ExecInput): OciSpec["process"];
}

/** What wire.ts hands over. */
export interface ContainerDeps {
  readonly database: Database;
  readonly runtime: RuntimeDriver;
  readonly snapshots: Snapshotter;
  readonly files: ContainerFiles;
  readonly images: ImageSource;
  readonly networks: NetworkProvider;
  readonly volumes: VolumeProvider;
  readonly logs: LogReader;
  readonly logKeeper: LogKeeper;
  readonly trees: Pick<Trees, "measure">;
  readonly events: EventSink;
  readonly sandbox: SandboxPlanner;
  readonly sharedMemory: SharedMemory;
  /** Undefined: users of containers are those of the host. */
  readonly userNamespaces?: UserNamespaces | undefined;
  /** Told when nothing is left of a container on the disk: layers that were kept for it alone may go now. Must not throw. */
  readonly onGone?: ((containerId: string) => void) | undefined;
  /** Told how long an action took that went well: `create`, `start`, `delete`. */
  readonly onAction?: ((action: string, seconds: number) => void) | undefined;
  readonly logger: Logger;
}

export interface ContainerOptions {
  readonly instance: Instance;
  readonly host: HostFacts;
  readonly defaults: SandboxDefaults;
  /** The host's own name, which containers in its UTS or network namespace show. */
  readonly hostname: string;
  /** Of containers that name no driver; the options also of those that name the same. */
  readonly logDefaults: LogConfig;
  /** Of containers that name none; private without. */
  readonly ipcMode?: "private" | "shareable" | undefined;
  /** What is done about unhealthy containers whose label does not say; nothing without. */
  readonly healthOnFailure?: HealthOnFailure | undefined;
  /** Containers follow the engine's own restarts of what they depend on with `restart: true`, unless their label says otherwise. */
  readonly restartDependants?: boolean | undefined;
  /** A static init of the host, for `--init`. */
  readonly initPath?: string | undefined;
  /** Paths that inspect shows as masked and read-only when the user named none. */
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

/** Everything the verbs share; each takes the part it names. */
export interface ContainerContext extends Omit<ContainerDeps, "database"> {
  readonly options: ContainerOptions;
  readonly store: ContainerStore;
  /** One verb at a time changes a container. */
  readonly locks: KeyedMutex;
  readonly waiters: ExitWaiters;
  readonly attachments: PendingAttachments;
  readonly background: BackgroundQueue;
  readonly timers: RestartTimers;
  readonly holds: ExitHolds;
  readonly execs: ExecStore;
  readonly health: HealthMonitor;
  /** Told of a restart that no user asked for. */
  readonly onOwnRestart: (id: string) => void;
  /** Rings at every event of a container. */
  readonly bell: ChangeBell;
  /** Aborts when the daemon goes down; containers go on. */
  readonly closing: AbortSignal;
}
