import { adopt } from "#sys/sockets/fd-socket.ts";
import { closeFd, makePipe } from "#sys/processes/pipe.ts";
import { type ChildProcess, spawn } from "#sys/processes/spawn.ts";
import { runtimeEnvironment, SYNC_DESCRIPTOR } from "./arguments.ts";
import { parseExitCode } from "./exit-file.ts";

export interface ExecMonitor {
  readonly monitor: ChildProcess;
  /** Undefined when nothing was run. */
  readonly pid: Promise<number | undefined>;
  readonly exitCode: Promise<number>;
}

export interface ExecMonitorRequest {
  readonly containerId: string;
  readonly execId: string;
  readonly pidFile: string;
  /** The process's description, as the runtime finds it: `spec` is descriptor 4 of both programs. */
  readonly specPath: string;
  readonly spec: number;
  readonly runtimePath: string;
  readonly runtimeArguments: readonly string[];
  readonly consoleSocket: string | undefined;
  readonly stdio: readonly (number | null)[];
}

/**
 * Starts a monitor for an exec'd process: it runs the runtime's `exec --detach`, becomes the parent of what that leaves behind and
 * tells its pid and its exit code. It has no part in the stdio, which is passed through.
 */
export async function launchExecMonitor(program: string, request: ExecMonitorRequest): Promise<ExecMonitor> {
  const sync = makePipe();
  let monitor: ChildProcess;
  try {
    const descriptors = [...request.stdio, sync.write, request.spec];
    const env = { ...runtimeEnvironment, _OCI_SYNCPIPE: String(SYNC_DESCRIPTOR) };
    monitor = await spawn({ file: program, argv: execMonitorArguments(request), env, cwd: "/", descriptors });
  } catch (error) {
    closeFd(sync.read);
    throw error;
  } finally {
    closeFd(sync.write);
  }
  return { monitor, ...readNumbers(sync.read) };
}

export function execMonitorArguments(request: ExecMonitorRequest): string[] {
  return [
    "conmon",
    "--sync",
    "--api-version=1",
    "--exec",
    `--cid=${request.containerId}`,
    `--cuuid=${request.execId}`,
    `--name=${request.containerId}`,
    `--container-pidfile=${request.pidFile}`,
    `--exec-process-spec=${request.specPath}`,
    "--log-path=passthrough",
    "--no-sync-log",
    `--runtime=${request.runtimePath}`,
    ...request.runtimeArguments.map((argument) => `--runtime-arg=${argument}`),
    ...(request.consoleSocket === undefined ? [] : [`--runtime-opt=--console-socket=${request.consoleSocket}`]),
  ];
}

/** The monitor writes `{"data": <pid>}` when the process runs and `{"data": <exit code>}` when it has ended. */
function readNumbers(fd: number): Pick<ExecMonitor, "pid" | "exitCode"> {
  const pid = Promise.withResolvers<number | undefined>();
  const exitCode = Promise.withResolvers<number>();
  const { socket } = adopt(fd, { readable: true, writable: false });
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (piece: string) => {
    text += piece;
    const [first, second] = numbersIn(text);
    if (first !== undefined) pid.resolve(first > 0 ? first : undefined);
    if (second !== undefined) exitCode.resolve(parseExitCode(String(second)));
  });
  socket.on("error", () => {});
  socket.once("close", () => {
    pid.resolve(undefined);
    // Somebody has killed the monitor, and how the process ends nobody will know.
    exitCode.resolve(137);
  });
  return { pid: pid.promise, exitCode: exitCode.promise };
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/^\{"data": (-?\d+)[,}].*\n/gm)].map(([, digits]) => Number(digits));
}
