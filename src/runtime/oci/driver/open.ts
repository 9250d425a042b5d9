import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { Instance } from "#spec/instance.ts";
import { readCgroupHost } from "#sys/cgroups/cgroup.ts";
import { FolderWatch } from "#sys/files/folder-watch.ts";
import { openOomWatch } from "#sys/cgroups/oom-watch.ts";
import type { RuntimeFeatures } from "../../contract.ts";
import { execFolders, makeExecFolders } from "../../monitor/exec-folders.ts";
import { OciRuntime } from "./driver.ts";
import type { DriverContext } from "./context.ts";
import { findRuntimes, isExecutable, type Runtime, type RuntimeEntry } from "../runtimes.ts";
import { outputOf } from "../runtimes-command.ts";

export interface OciRuntimeDeps {
  readonly logger: Logger;
}

export interface OciRuntimeOptions {
  readonly instance: Pick<Instance, "execRoot" | "cgroupParent">;
  /** By name; those that are not installed are left out of `features`. */
  readonly runtimes: Readonly<Record<string, RuntimeEntry>>;
  readonly defaultRuntime: string;
  /** conmon 2.1 or later. */
  readonly monitorPath: string;
}

/**
 * Opens the driver: makes its folders below the exec root and asks the programs who they are. On a hybrid host
 * `ensureCgroupMounts` has to have run before.
 *
 * @throws EngineError `invalid` when the default runtime or the monitor is not installed, or the exec root's path is too long.
 */
export async function createOciRuntime(deps: OciRuntimeDeps, options: OciRuntimeOptions): Promise<OciRuntime> {
  const { execRoot, cgroupParent } = options.instance;
  const folders = execFolders(execRoot);
  const [runtimes, monitor] = await Promise.all([
    findRuntimes(options.runtimes, options.defaultRuntime, folders.runtimes),
    findMonitor(options.monitorPath),
    makeExecFolders(folders),
  ]);
  const closing = new AbortController();
  const cgroups = readCgroupHost();
  const context: DriverContext = {
    folders,
    runtimes,
    defaultRuntime: options.defaultRuntime,
    monitorPath: monitor.path,
    cgroups,
    monitorCgroup: `${cgroupParent}/monitors`,
    exits: new FolderWatch(folders.exits),
    pids: new FolderWatch(folders.pids),
    ooms: openOomWatch(cgroups),
    logger: deps.logger,
    closed: closing.signal,
  };
  return new OciRuntime(context, featuresOf(context, monitor), () => {
    closing.abort();
    context.exits[Symbol.dispose]();
    context.pids[Symbol.dispose]();
    context.ooms[Symbol.dispose]();
    for (const runtime of runtimes.values()) runtime.close();
  });
}

function featuresOf({ runtimes, cgroups }: DriverContext, monitor: RuntimeFeatures["monitor"]): RuntimeFeatures {
  const shown = ({ name, path, version }: Runtime): RuntimeFeatures["runtimes"][number] => ({ name, path, version });
  return { runtimes: [...runtimes.values()].map(shown), monitor, cgroup: cgroups.layout };
}

/** @throws EngineError `invalid` for one that is missing or older than 2.1. */
async function findMonitor(path: string): Promise<RuntimeFeatures["monitor"]> {
  if (!isExecutable(path)) throw new EngineError("invalid", `the monitor conmon is not installed (${path})`);
  const text = await outputOf(path, ["--version"]);
  const [, version = "", major = "0", minor = "0"] = /^conmon version ((\d+)\.(\d+)\S*)/.exec(text) ?? [];
  if (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 1)) {
    throw new EngineError("invalid", `${path} is too old: conmon 2.1 or later is needed, this is ${version || "something else"}`);
  }
  return { path, version };
}
