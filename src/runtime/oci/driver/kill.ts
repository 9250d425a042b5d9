import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "#lib/monotonic.ts";
import { EngineError } from "#errors/engine-error.ts";
import { isFrozen, membersOf, thaw } from "#sys/cgroups/cgroup.ts";
import { childrenOf, identify, openProcess, type ProcessIdentity, signalProcess, watchExit } from "#sys/processes/pidfd.ts";
import type { ChildProcess } from "#sys/processes/spawn.ts";
import type { DriverContext, LiveContainer } from "./context.ts";

const SIGKILL = 9;
const SIGSTOP = 19;
/** How long a killed process may take to be gone: it may have memory to free or wait for a disk. */
const PATIENCE_MS = 10_000;
const BETWEEN_ROUNDS_MS = 5;

/** Sends a signal to the first process or to all of them. Who is gone is no error. */
export async function signalContainer(context: DriverContext, live: LiveContainer, signal: number, target: "init" | "all"): Promise<void> {
  if (target === "init") {
    signalProcess(live.processes.container, signal);
    return;
  }
  for (const pid of await membersOf(context.cgroups, live.record.cgroupPath)) signalPid(pid, signal);
}

/**
 * Kills a container and waits for its end.
 *
 * @throws EngineError `system` with dockerd's text when it does not come.
 */
export async function killContainer(context: DriverContext, live: LiveContainer): Promise<void> {
  signalProcess(live.processes.container, SIGKILL);
  // A frozen process dies when it is thawed (v1).
  await thawIfFrozen(context, live.record.cgroupPath);
  if (await inTime(live.exit)) return;
  throw new EngineError("system", "tried to kill container, but did not receive an exit event");
}

/**
 * Kills whatever is in a group until nothing is. A container with a PID namespace of its own is gone with its first process;
 * others leave processes behind, which may fork while they are being killed.
 */
export async function killMembers(context: DriverContext, cgroupPath: string): Promise<void> {
  await thawIfFrozen(context, cgroupPath);
  const deadline = monotonicMs() + PATIENCE_MS;
  while (monotonicMs() < deadline) {
    const pids = await membersOf(context.cgroups, cgroupPath);
    if (pids.length === 0) return;
    await inTime(Promise.all(pids.map(killPid)));
    // One that is dead already may still be listed for a moment.
    await delay(BETWEEN_ROUNDS_MS);
  }
  context.logger.error({ cgroup: cgroupPath }, "processes of a container could not be killed");
}

/**
 * Kills a monitor that has not made its container, and the runtime that it may be running with what that has begun, so that what is
 * removed next is not made again behind. False when they do not end. (conmon has the kernel kill the runtime with it, but nobody
 * would know when.)
 */
export async function endLaunch(monitor: ChildProcess): Promise<boolean> {
  const begun = monitor.kill(SIGSTOP) ? childrenOf(monitor.pid).flatMap(stopTree) : [];
  monitor.kill(SIGKILL);
  return inTime(Promise.all([monitor.exited, ...begun.map(killProcess)]));
}

/** Stops a process before it is asked for its children, so that it starts no more. They are told apart from others by their start time. */
export function stopTree(process: ProcessIdentity): ProcessIdentity[] {
  signalProcess(process, SIGSTOP);
  return [process, ...childrenOf(process.pid).flatMap(stopTree)];
}

async function killPid(pid: number): Promise<void> {
  const identity = identify(pid);
  if (identity !== undefined) await killProcess(identity);
}

/** Kills exactly that process and waits for its end. Who is gone is no error. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  const pidfd = openProcess(identity);
  if (pidfd === undefined) return;
  const watch = watchExit(pidfd);
  signalProcess(identity, SIGKILL);
  await watch.ready;
}

function signalPid(pid: number, signal: number): void {
  const identity = identify(pid);
  if (identity !== undefined) signalProcess(identity, signal);
}

async function thawIfFrozen(context: DriverContext, cgroupPath: string): Promise<void> {
  if (await isFrozen(context.cgroups, cgroupPath)) await thaw(context.cgroups, cgroupPath);
}

/** False when the promise has not resolved within the patience for a killed process. */
export async function inTime(promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  try {
    const late = delay(PATIENCE_MS, false, { signal: timer.signal }).catch(() => false);
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    timer.abort();
  }
}
