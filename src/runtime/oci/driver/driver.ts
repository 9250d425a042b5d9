import { dirname } from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";
import { freeze, membersOf, removeEmptyCgroup, thaw } from "#sys/cgroups/cgroup.ts";
import { readCgroupUsage } from "#sys/cgroup-usage/read-usage.ts";
import type { CgroupUsage } from "#sys/cgroup-usage/usage.ts";
import { readSmallFile } from "#sys/files/read-small-file.ts";
import type {
  ContainerStreams,
  CreatedProcess,
  EarlyLaunchRequest,
  ExecProcess,
  ExecRequest,
  LaunchRequest,
  ProcessExit,
  Recovered,
  RuntimeDriver,
  RuntimeFeatures,
  TerminalSize,
} from "../../contract.ts";
import { resizeTerminal } from "../../monitor/control.ts";
import { checkId } from "../../monitor/exec-folders.ts";
import type { DriverContext, LiveContainer } from "./context.ts";
import { createContainer } from "./create.ts";
import { deleteContainer } from "./delete.ts";
import { signalContainer } from "./kill.ts";
import { startContainer } from "./start.ts";
import { attachTo } from "./streams.ts";
import { type Resources, updateContainer } from "./update.ts";
import { execIn } from "../exec/exec.ts";
import { recoverContainer } from "./recover.ts";

/** Containers by an OCI runtime and conmon. `driver-open.ts` makes one; the verbs are in files of their own. */
export class OciRuntime implements RuntimeDriver, AsyncDisposable {
  readonly features: RuntimeFeatures;
  readonly #context: DriverContext;
  readonly #close: () => void;
  readonly #containers = new Map<string, LiveContainer>();
  readonly #creating = new Set<string>();

  /** @param close lets go of what the context holds. */
  constructor(context: DriverContext, features: RuntimeFeatures, close: () => void) {
    this.features = features;
    this.#context = context;
    this.#close = close;
  }

  async create(request: LaunchRequest | EarlyLaunchRequest, signal: AbortSignal): Promise<CreatedProcess> {
    const { id } = request;
    checkId("container", id);
    if (this.#containers.has(id) || this.#creating.has(id)) throw new EngineError("conflict", `container ${id} has a process already`);
    this.#creating.add(id);
    try {
      const live = await createContainer(this.#context, request, signal);
      this.#containers.set(id, live);
      return { pid: live.processes.container.pid };
    } finally {
      this.#creating.delete(id);
    }
  }

  async start(id: string): Promise<void> {
    await startContainer(this.#running(id));
  }

  async attach(id: string): Promise<ContainerStreams> {
    return attachTo(this.#running(id));
  }

  async exited(id: string): Promise<ProcessExit> {
    return this.#known(id).exit;
  }

  watchOom(id: string, listener: (kills: number) => void): void {
    // The kernel takes 0.2 ms to register it: not before the answer to a start.
    setImmediate(() => {
      const live = this.#containers.get(id);
      if (live === undefined || live.state === "exited" || this.#context.closed.aborted) return;
      const stop = this.#context.ooms.watch(live.record.cgroupPath, listener);
      void live.exit.then(stop);
    });
  }

  async kill(id: string, signal: number, target: "init" | "all" = "init"): Promise<void> {
    const live = this.#containers.get(id);
    if (live !== undefined) await signalContainer(this.#context, live, signal, target);
  }

  async pause(id: string): Promise<void> {
    await freeze(this.#context.cgroups, this.#running(id).record.cgroupPath);
  }

  async resume(id: string): Promise<void> {
    await thaw(this.#context.cgroups, this.#running(id).record.cgroupPath);
  }

  async resize(id: string, size: TerminalSize): Promise<void> {
    const { record } = this.#running(id);
    if (!record.tty) throw new EngineError("conflict", `container ${id} has no terminal`);
    await resizeTerminal(record.bundle, size);
  }

  async exec(id: string, request: ExecRequest, signal: AbortSignal): Promise<ExecProcess> {
    checkId("exec", request.execId);
    const live = this.#running(id);
    if (live.state === "created") throw notRunning(id);
    return execIn({ context: this.#context, live, request, signal });
  }

  async processes(id: string): Promise<number[]> {
    return membersOf(this.#context.cgroups, this.#running(id).record.cgroupPath);
  }

  usage(id: string): CgroupUsage {
    return readCgroupUsage(this.#context.cgroups, this.#running(id).record.cgroupPath, readSmallFile);
  }

  async update(id: string, resources: Resources): Promise<void> {
    await updateContainer(this.#context, this.#running(id), resources);
  }

  async delete(id: string): Promise<void> {
    checkId("container", id);
    await deleteContainer(this.#context, id, this.#containers.get(id));
    this.#containers.delete(id);
  }

  /** Bundle and runtime are in the driver's own record. */
  async recover(id: string): Promise<Recovered> {
    checkId("container", id);
    const { recovered, live } = await recoverContainer(this.#context, id);
    if (live !== undefined) this.#containers.set(id, live);
    return recovered;
  }

  /** Containers and their monitors go on; nothing is told of them any more. The empty cgroups of the instance are removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    for (const live of this.#containers.values()) live.monitorEnd.unref();
    this.#containers.clear();
    const { cgroups, monitorCgroup } = this.#context;
    await removeEmptyCgroup(cgroups, monitorCgroup);
    await removeEmptyCgroup(cgroups, dirname(monitorCgroup));
  }

  #known(id: string): LiveContainer {
    const live = this.#containers.get(id);
    if (live === undefined) throw new EngineError("not-found", `no process is known of container ${id}`);
    return live;
  }

  /** Created counts as running here: its process exists. */
  #running(id: string): LiveContainer {
    const live = this.#containers.get(id);
    if (live === undefined || live.state === "exited") throw notRunning(id);
    return live;
  }
}

function notRunning(id: string): EngineError {
  return new EngineError("conflict", `container ${id} is not running`);
}
