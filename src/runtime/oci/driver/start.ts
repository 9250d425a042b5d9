import { constants, existsSync, unlinkSync, writeSync } from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { Socket } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import { closeFd, openFd } from "#sys/processes/pipe.ts";
import type { LiveContainer } from "./context.ts";
import { releaseHub } from "./streams.ts";
import { startError } from "../errors.ts";
import { runRuntime } from "../runtimes-command.ts";

/**
 * Lets a created container run.
 *
 * Its first process waits on a FIFO in the runtime's state folder. The `start` command of crun and runc (1.x) does no more than to
 * read or write one byte there and to remove the FIFO, whose being there is what "created" means to them; without hooks, which Dhow
 * does not use, that is all. Doing it here saves a process: 18 ms for crun, 50 ms for runc.
 */
export async function startContainer(live: LiveContainer): Promise<void> {
  if (live.state !== "created") throw new EngineError("conflict", `container ${live.id} is already started`);
  live.startedAt = new Date();
  if (live.runtime.kind === "crun") openGateOfCrun(live);
  else if (live.runtime.kind === "runc") await openGateOfRunc(live);
  else await runStart(live);
  if (live.state === "created") live.state = "running";
  releaseHub(live);
}

/** crun's process reads. The byte comes first: a process whose FIFO is gone counts as running, and would wait for ever on one without. */
function openGateOfCrun(live: LiveContainer): void {
  const fifo = gateOf(live);
  // Without a reader this fails (ENXIO) instead of waiting for one.
  const fd = openGate(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    writeSync(fd, "\0");
    unlinkSync(fifo);
  } finally {
    closeFd(fd);
  }
}

/** runc's process writes; opening its end waits until somebody reads. */
async function openGateOfRunc(live: LiveContainer): Promise<void> {
  const fifo = gateOf(live);
  const socket = new Socket({ fd: openGate(fifo, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("data", () => resolve(true));
  socket.once("error", () => resolve(false));
  socket.once("end", () => resolve(false));
  void live.exit.then(() => resolve(false));
  const passed = await promise;
  socket.destroy();
  if (!passed) throw processIsDead();
  unlinkSync(fifo);
}

function openGate(fifo: string, flags: number): number {
  try {
    return openFd(fifo, flags);
  } catch (cause) {
    throw processIsDead(cause);
  }
}

/** Not `startError`: its codes are about the program that was to be run. */
function processIsDead(cause?: unknown): EngineError {
  return new EngineError("system", "failed to start task: container process is already dead: unknown", { cause });
}

async function runStart(live: LiveContainer): Promise<void> {
  const { exitCode, output } = await runRuntime(live.runtime, "start", live.id);
  if (exitCode !== 0) throw startError({ runtime: live.runtime.name, executable: "" }, output);
}

/**
 * Whether a created container still waits to be let go. Its first process has the FIFO open until it becomes the program: that it is
 * there does not say so, since a daemon may have been killed before it removed it, and to open it would not go unnoticed.
 */
export async function isWaiting(container: Pick<LiveContainer, "runtime" | "id">, pid: number): Promise<boolean> {
  if (!existsSync(gateOf(container))) return false;
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
  return targets.some((target) => target.endsWith("/exec.fifo"));
}

/** The FIFO on which a created container waits. */
function gateOf({ runtime, id }: Pick<LiveContainer, "runtime" | "id">): string {
  return `${runtime.stateOf(id)}/exec.fifo`;
}
