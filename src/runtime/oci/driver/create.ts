import { rm, writeFile } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { moveToService } from "#sys/cgroups/cgroup.ts";
import { identify } from "#sys/processes/pidfd.ts";
import type { ChildProcess } from "#sys/processes/spawn.ts";
import type { EarlyLaunchRequest, LaunchRequest } from "../../contract.ts";
import type { MonitorArguments } from "../../monitor/arguments.ts";
import { launchMonitor } from "../../monitor/launch.ts";
import type { SyncMessage } from "../../monitor/sync-message.ts";
import { closesStdin, type MonitoredProcesses, type MonitorRecord, writeRecord } from "../../monitor/record.ts";
import { stdinPipeOf } from "../../monitor/stdin-port.ts";
import { type DriverContext, filesOf, type LiveContainer, runtimeNamed } from "./context.ts";
import { removeTraces } from "./delete.ts";
import { refuseDevices } from "./devices.ts";
import { endLaunch } from "./kill.ts";
import { holdStdin } from "./streams.ts";
import { watchContainer } from "./watch.ts";
import { createError } from "../errors.ts";
import { allowRealtime } from "../limits/realtime.ts";
import type { Runtime } from "../runtimes.ts";

type Request = LaunchRequest | EarlyLaunchRequest;

/** Starts the monitor, which has the runtime create the container. After a failure nothing is left. */
export async function createContainer(context: DriverContext, request: Request, signal: AbortSignal): Promise<LiveContainer> {
  const runtime = runtimeNamed(context, request.runtime);
  const spec = Promise.resolve(request.spec);
  const record = spec.then((made) => recordOf(request, made, runtime));
  let cgroupPath: string | undefined;
  record.then(
    (made) => (cgroupPath = made.cgroupPath),
    () => {},
  );
  try {
    const { monitor, pid } = await launch(context, request, runtime, prepareFiles(context, request, spec, record), signal);
    const processes = processesOf(monitor.pid, pid, request);
    const complete = { ...(await record), processes };
    await writeRecord(filesOf(context, request.id).record, complete);
    const end = { gone: monitor.exited.then(() => {}), unref: () => monitor.unref() };
    const live = watchContainer(context, { id: request.id, record: complete, processes, runtime, state: "created" }, end);
    holdStdin(live);
    return live;
  } catch (error) {
    await removeTraces(context, request.id, { bundle: request.bundle, cgroupPath }, runtime);
    throw error;
  }
}

/**
 * @throws EngineError `invalid` unless the container has a cgroup of its own: everything that is in it is killed at the end.
 */
function recordOf(request: Request, spec: OciSpec, runtime: Runtime): MonitorRecord {
  const cgroupPath = spec.linux?.cgroupsPath ?? "";
  if (!/^(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*){2,}$/.test(cgroupPath) || !cgroupPath.endsWith(`/${request.id}`)) {
    throw new EngineError("invalid", `linux.cgroupsPath must be /<parent>/${request.id}, not ${JSON.stringify(cgroupPath)}`);
  }
  const { bundle, tty, stdin, stdinOnce } = request;
  return { version: 1, bundle, runtime: runtime.name, runtimePath: runtime.path, cgroupPath, tty, stdin, stdinOnce };
}

/** What has to be there before the runtime starts. */
async function prepareFiles(
  context: DriverContext,
  request: Request,
  spec: Promise<OciSpec>,
  record: Promise<MonitorRecord>,
): Promise<OciSpec> {
  const files = filesOf(context, request.id);
  const made = await spec;
  await allowRealtime(context.cgroups, made.linux?.cgroupsPath ?? "", made.linux?.resources ?? {});
  await Promise.all([
    // What an earlier run of the same container left would be taken for the end of this one.
    rm(files.exit, { force: true }),
    writeFile(`${request.bundle}/config.json`, JSON.stringify(made), { mode: 0o600 }),
    writeRecord(files.record, await record),
  ]);
  return made;
}

interface Launched {
  readonly monitor: ChildProcess;
  readonly pid: number;
}

async function launch(
  context: DriverContext,
  request: Request,
  runtime: Runtime,
  prepared: Promise<OciSpec>,
  signal: AbortSignal,
): Promise<Launched> {
  // Also when the monitor cannot be started.
  prepared.catch(() => {});
  const { consoles } = context.folders;
  const launched = await launchMonitor(context.monitorPath, consoles, monitorArgumentsOf(context, request, runtime));
  const { monitor, outcome } = launched;
  leaveDaemonsCgroup(context, monitor.pid);
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(cancelled(request, signal));
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    const early = outcome.then((message) => Promise.reject(failure(runtime, "", message)));
    const spec = await Promise.race([prepared, aborted.promise, early]);
    launched.release();
    const message = await Promise.race([outcome, aborted.promise]);
    if (message.kind === "failed") throw failure(runtime, spec.process.args[0] ?? "", message);
    await refuseDevices(context, runtime, spec);
    return { monitor, pid: message.pid };
  } catch (error) {
    if (!(await endLaunch(monitor))) context.logger.error({ container: request.id, monitor: monitor.pid }, "a monitor could not be killed");
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function monitorArgumentsOf(context: DriverContext, request: Request, runtime: Runtime): MonitorArguments {
  return {
    id: request.id,
    bundle: request.bundle,
    pidFile: filesOf(context, request.id).pid,
    exitFolder: context.folders.exits,
    runtimePath: runtime.program(),
    runtimeArguments: runtime.arguments,
    tty: request.tty,
    stdin: request.stdin,
    closesStdin: closesStdin(request),
    logPath: request.logPath,
    logFileBytes: request.logFileBytes,
  };
}

/**
 * Off the path of the answer. The monitor forks the runtime some milliseconds later; should that be faster, it is only the runtime
 * that stays in the daemon's group for its short life: the container has its own.
 */
function leaveDaemonsCgroup(context: DriverContext, pid: number): void {
  moveToService(context.cgroups, context.monitorCgroup, pid).catch((error: unknown) => {
    context.logger.warn({ err: error, monitor: pid }, "a monitor stays in the daemon's own cgroup");
  });
}

function processesOf(monitorPid: number, containerPid: number, request: Request): MonitoredProcesses {
  const monitor = identify(monitorPid);
  const container = identify(containerPid);
  if (monitor === undefined || container === undefined) {
    throw new EngineError("system", `container ${request.id} was killed before it was started`);
  }
  return { monitor, container, stdinPipe: request.stdin && !request.tty ? stdinPipeOf(containerPid) : undefined };
}

function cancelled(request: Request, signal: AbortSignal): EngineError {
  return new EngineError("cancelled", `start of container ${request.id} was cancelled`, { cause: signal.reason });
}

function failure({ kind, name }: Runtime, executable: string, message: SyncMessage): EngineError {
  // Said before it was told to start anything, whatever it is.
  const said = message.kind === "failed" ? message.message : "the monitor did not wait";
  return createError({ runtime: kind === "other" ? name : kind, executable }, said);
}
