import { EngineError } from "#errors/engine-error.ts";

export interface MonitorArguments {
  readonly id: string;
  readonly bundle: string;
  /** Where the runtime writes the container's pid. */
  readonly pidFile: string;
  readonly exitFolder: string;
  readonly runtimePath: string;
  /** Put before the runtime's command. */
  readonly runtimeArguments: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  /** The monitor closes its end of stdin as soon as any client lets go. */
  readonly closesStdin: boolean;
  readonly logPath: string | undefined;
  readonly logFileBytes: number | undefined;
}

/**
 * Command line of conmon 2.1, from its name on.
 *
 * - `--sync`: it does not fork away; its pid is the one that was spawned.
 * - `--full-attach`: the attach socket lies in the bundle itself, not behind a link with a shortened name.
 * - `--no-sync-log`: no fsync of the log at the end, which would delay every exit by a disk's time. Docker does not either.
 *
 * @throws EngineError `invalid` for a log path with a colon, at which conmon would cut it.
 */
export function monitorArguments(launch: MonitorArguments): string[] {
  if (launch.logPath?.includes(":") === true) throw new EngineError("invalid", `the log's path must not have a colon: ${launch.logPath}`);
  return [
    "conmon",
    "--sync",
    "--api-version=1",
    `--cid=${launch.id}`,
    `--cuuid=${launch.id}`,
    `--name=${launch.id}`,
    `--bundle=${launch.bundle}`,
    `--container-pidfile=${launch.pidFile}`,
    `--exit-dir=${launch.exitFolder}`,
    `--log-path=${launch.logPath === undefined ? "off" : `k8s-file:${launch.logPath}`}`,
    ...(launch.logPath === undefined || launch.logFileBytes === undefined ? [] : [`--log-size-max=${launch.logFileBytes}`]),
    "--full-attach",
    "--no-sync-log",
    `--runtime=${launch.runtimePath}`,
    ...launch.runtimeArguments.map((argument) => `--runtime-arg=${argument}`),
    ...(launch.tty ? ["--terminal"] : []),
    ...(launch.stdin ? ["--stdin"] : []),
    ...(launch.stdin && !launch.closesStdin ? ["--leave-stdin-open"] : []),
  ];
}

/** Number of the monitor's end of the pipe on which it says how the start went. */
export const SYNC_DESCRIPTOR = 3;
/** And of the pipe on which it waits for a byte before it does anything. */
const START_DESCRIPTOR = 4;

/** What the monitor, and through it the runtime, have as environment. Log times are UTC whatever the daemon's time zone is. */
export function monitorEnvironment(consoleFolder: string): Record<string, string> {
  const pipes = { _OCI_SYNCPIPE: String(SYNC_DESCRIPTOR), _OCI_STARTPIPE: String(START_DESCRIPTOR) };
  return { ...runtimeEnvironment, ...pipes, TZ: "UTC0", TMPDIR: consoleFolder };
}

/** Fixed: nothing that an image or a user says may reach a program of the host. */
export const runtimeEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C",
};
