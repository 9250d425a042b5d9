import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { CgroupUsage } from "#sys/cgroup-usage/usage.ts";

/**
 * Running a container, as the container noun sees it.
 *
 * Vocabulary: the *runtime* (crun, runc or any OCI runtime) makes the process and is gone again; the *monitor* (conmon) is a
 * tiny process per container that owns its stdio, its log and its exit code, and outlives the daemon. The *bundle* is the
 * folder with `config.json` that the runtime reads.
 *
 * Life story: `create` leaves a process that waits, monitor attached; `attach` may be called from then on, so that nothing is
 * lost; `start` lets it go; `exited` tells the end; `delete` takes everything away. A daemon that starts anew calls `recover`
 * for every container that was running when it was last seen, and gets the same handles or the exit that it missed.
 */
export interface RuntimeDriver {
  /** What this host can do, found by asking it once. */
  readonly features: RuntimeFeatures;

  /**
   * Starts a monitor, and through it the runtime's `create`. The process exists when this resolves and has not run anything.
   *
   * @throws EngineError with code `not-found-executable` or `not-executable` and Docker's text, when the runtime says so (some say it only at `start`);
   *   `not-implemented` for an unknown runtime; `system` with the runtime's own words otherwise. Nothing is left behind.
   */
  create(request: LaunchRequest | EarlyLaunchRequest, signal: AbortSignal): Promise<CreatedProcess>;

  /** Lets the created process run. @throws EngineError as `create`; the caller then deletes. */
  start(id: string): Promise<void>;

  /**
   * Connects to the stdio of a container that is created or running. Any number may be connected; each sees what is written
   * from then on; one that does not read makes the container wait, and the others with it.
   * @throws EngineError `conflict` when it is not running.
   */
  attach(id: string): Promise<ContainerStreams>;

  /** Resolves when the container's first process has ended and all its output is in the log. Any number may wait; the same promise each time. */
  exited(id: string): Promise<ProcessExit>;

  /**
   * Calls the listener with the number of the container's processes that the kernel has killed for memory, whenever there are more of
   * them, and at once if there are any already. Ends with the container; of one that has none, nothing is told.
   */
  watchOom(id: string, listener: (kills: number) => void): void;

  /** Sends a signal to the first process, or to all. A process that is gone is no error. Safe against pid reuse. */
  kill(id: string, signal: number, target?: "init" | "all"): Promise<void>;

  /** Freezes or thaws every process of the container (the freezer cgroup; no process is started for it). */
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;

  /** Sets the size of the container's terminal. @throws EngineError `conflict` when it has none or is not running. */
  resize(id: string, size: TerminalSize): Promise<void>;

  /**
   * Starts one more process in the container; the daemon owns its stdio, which ends with the daemon. Output that nobody reads makes it
   * wait, until `close` says that nobody will.
   *
   * @throws EngineError as `create`; `conflict` when the container is not running.
   */
  exec(id: string, request: ExecRequest, signal: AbortSignal): Promise<ExecProcess>;

  /** Host pids of every process in the container. */
  processes(id: string): Promise<number[]>;

  /**
   * What the container has used, read here and now: some 0.2 ms, so that a caller with many goes back to the event loop in between.
   * @throws EngineError `conflict` when it is not running.
   */
  usage(id: string): CgroupUsage;

  /** Applies new limits to a container that is created or running. */
  update(id: string, resources: NonNullable<NonNullable<OciSpec["linux"]>["resources"]>): Promise<void>;

  /** Removes what `create` made: runtime state, monitor, sockets, cgroup. Kills what still runs. Idempotent. */
  delete(id: string): Promise<void>;

  /**
   * After a restart of the daemon: takes over a container that may still run.
   * `gone` when nothing is known of it any more (the host was rebooted, the monitor was killed).
   */
  recover(id: string, bundle: string, runtime: string | undefined): Promise<Recovered>;
}

export interface RuntimeFeatures {
  /** Names that may be asked for, the default first; what they are on this host. */
  readonly runtimes: readonly { readonly name: string; readonly path: string; readonly version: string }[];
  readonly monitor: { readonly path: string; readonly version: string };
  readonly cgroup: "v1" | "v2" | "hybrid";
}

export interface LaunchRequest {
  readonly id: string;
  /** An existing, empty folder, mode 0700. `config.json` is written into it. */
  readonly bundle: string;
  readonly spec: OciSpec;
  /** A name out of `features.runtimes`; the default when left out. */
  readonly runtime?: string | undefined;
  readonly tty: boolean;
  /** Docker's OpenStdin: without it, stdin is /dev/null. */
  readonly stdin: boolean;
  /** Docker's StdinOnce: the container's stdin closes when the first attached client's does. */
  readonly stdinOnce: boolean;
  /** Where the monitor appends what the container writes (logs/contract.ts has the format); undefined for the driver `none`. */
  readonly logPath: string | undefined;
  /** A file of the log that would be longer is closed: the monitor opens `<logPath>.tmp` and moves it to `logPath`. Undefined: none is. */
  readonly logFileBytes?: number | undefined;
}

/**
 * A launch whose spec is still being made: the monitor is started at once and waits for it, so that the time it takes to load costs
 * nothing while the caller mounts the root and prepares the network. The bundle and the log's folder have to exist by now. When the
 * promise rejects, `create` rejects with the same error and leaves nothing behind.
 */
export type EarlyLaunchRequest = Omit<LaunchRequest, "spec"> & { readonly spec: Promise<OciSpec> };

export interface CreatedProcess {
  readonly pid: number;
}

export interface ProcessExit {
  /** 0 to 255; 128 + n for signal n. */
  readonly exitCode: number;
  readonly finishedAt: Date;
  /** True when the kernel killed a process of this container for memory since it was started. */
  readonly oomKilled: boolean;
  /** How many those were. */
  readonly oomKills?: number;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface ContainerStreams {
  /** What the container writes; with a terminal everything is `stdout`. Ends when the container does, after its last byte. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when the monitor has taken the bytes (back-pressure). Bytes for a container without stdin are dropped. */
  write(data: Uint8Array): Promise<void>;
  /** End of stdin, as Docker's StdinOnce has it. */
  closeStdin(): void;
  /** Lets go; the container is not disturbed. Idempotent; ends `output`. */
  close(): void;
}

export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

export interface ExecRequest {
  readonly execId: string;
  /** The process part of an OCI spec, complete (args, env, cwd, user, capabilities, …). */
  readonly process: OciSpec["process"];
  readonly tty: boolean;
  readonly stdin: boolean;
  /** A first size of the terminal. */
  readonly size?: TerminalSize | undefined;
}

export interface ExecProcess extends ContainerStreams {
  /** Host pid. */
  readonly pid: number;
  /** Resolves when the process has ended, though children of it may hold its stdio. */
  readonly exited: Promise<{ readonly exitCode: number }>;
  resize(size: TerminalSize): void;
  /** `tree`: and what it has started, as far as that is still below it. */
  kill(signal: number, target?: "process" | "tree"): void;
}

export type Recovered =
  | { readonly kind: "running"; readonly pid: number; readonly paused: boolean }
  /** Created and never started: the daemon died in between. */
  | { readonly kind: "created"; readonly pid: number }
  | { readonly kind: "exited"; readonly exit: ProcessExit }
  | { readonly kind: "gone" };
