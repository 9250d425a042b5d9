import { readFile, rm } from "node:fs/promises";
import { closeFd, makeMemoryFile } from "#sys/processes/pipe.ts";
import { type ChildProcess, spawn } from "#sys/processes/spawn.ts";
import { runtimeEnvironment } from "../../monitor/arguments.ts";
import { launchExecMonitor } from "../../monitor/launch-exec.ts";
import { type ExecCall, pidFileOf, processText, type StartedExec } from "./call.ts";

const SIGKILL = 9;
/** The number under which the runtime finds the description of the process; 3 is the monitor's. */
const SPEC_DESCRIPTOR = 4;
const SPEC_PATH = `/proc/self/fd/${SPEC_DESCRIPTOR}`;

export interface ExecDescriptors {
  /** Descriptors 0 to 2 of the process, or of the runtime where it has a terminal. */
  readonly stdio: readonly (number | null)[];
  /** Where the runtime sends the terminal. */
  readonly consoleSocket: string | undefined;
}

/**
 * Starts the runtime's `exec`. crun stays as the parent of the process (1 MiB), gives it the descriptors as they are, and has its exit
 * code in the end. runc in that place would take ten times as much and copy all stdio by itself, and so end only when the last holder
 * of a pipe does; it is told to detach, and a monitor takes its place. Others are taken to be like runc.
 */
export async function startExec(call: ExecCall, descriptors: ExecDescriptors): Promise<StartedExec> {
  // Its environment may hold secrets: it is nowhere on disk.
  const spec = makeMemoryFile("exec", processText(call.request));
  try {
    const start = call.live.runtime.kind === "crun" ? startDirectly : startMonitored;
    return await start(call, descriptors, spec);
  } finally {
    closeFd(spec);
  }
}

async function startDirectly(call: ExecCall, { stdio, consoleSocket }: ExecDescriptors, spec: number): Promise<StartedExec> {
  const { runtime, id } = call.live;
  const argv = [runtime.name, ...runtime.arguments, "exec", "--process", SPEC_PATH, "--pid-file", pidFileOf(call)];
  if (consoleSocket !== undefined) argv.push("--console-socket", consoleSocket);
  argv.push(id);
  const child = await spawn({ file: runtime.program(), argv, env: runtimeEnvironment, cwd: "/", descriptors: [...stdio, null, spec] });
  return { pid: pidFromFile(call, child), exitCode: child.exited, abandon: () => void child.kill(SIGKILL) };
}

/** The runtime writes the file when the process runs; without it has ended before, nothing was run. */
async function pidFromFile(call: ExecCall, child: ChildProcess): Promise<number | undefined> {
  const path = pidFileOf(call);
  const written = Promise.withResolvers<number | undefined>();
  const look = async (): Promise<void> => {
    const pid = Number.parseInt(await readFile(path, "utf8").catch(() => ""), 10);
    if (pid > 0) written.resolve(pid);
  };
  const ignore = call.context.pids.listen(call.request.execId, () => void look());
  void child.exited.then(look).then(() => written.resolve(undefined));
  try {
    return await written.promise;
  } finally {
    ignore();
    await rm(path, { force: true });
  }
}

async function startMonitored(call: ExecCall, { stdio, consoleSocket }: ExecDescriptors, spec: number): Promise<StartedExec> {
  const { context, live, request } = call;
  const pidFile = pidFileOf(call);
  const { monitor, pid, exitCode } = await launchExecMonitor(context.monitorPath, {
    containerId: live.id,
    execId: request.execId,
    pidFile,
    specPath: SPEC_PATH,
    runtimePath: live.runtime.program(),
    runtimeArguments: live.runtime.arguments,
    consoleSocket,
    stdio,
    spec,
  });
  void pid.then(() => rm(pidFile, { force: true }));
  return { pid, exitCode, abandon: () => void monitor.kill(SIGKILL) };
}
