import { Socket } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import { closeFd, makePipe, writeByte } from "#sys/processes/pipe.ts";
import { type ChildProcess, spawn } from "#sys/processes/spawn.ts";
import { type MonitorArguments, monitorArguments, monitorEnvironment } from "./arguments.ts";
import { parseSyncMessage, type SyncMessage } from "./sync-message.ts";

/** conmon passes on 8 KiB of what the runtime said, and escapes may make that six times as long. */
const LONGEST_MESSAGE = 64 * 1024;

export interface LaunchedMonitor {
  readonly monitor: ChildProcess;
  /** Has it start the runtime. */
  release(): void;
  /** After a failure the monitor ends by itself. */
  readonly outcome: Promise<SyncMessage>;
}

/**
 * Starts a monitor, which loads, opens the log and then waits. When it is released it starts the runtime's `create`; the outcome comes
 * when that has made the container or failed.
 */
export async function launchMonitor(program: string, consoleFolder: string, launch: MonitorArguments): Promise<LaunchedMonitor> {
  const argv = monitorArguments(launch);
  const sync = makePipe();
  const start = makePipe();
  let monitor: ChildProcess;
  try {
    // Until it has put /dev/null in their place, conmon's own complaints go the same way as its message.
    const descriptors = [null, null, sync.write, sync.write, start.read];
    monitor = await spawn({ file: program, argv, env: monitorEnvironment(consoleFolder), cwd: "/", descriptors });
  } catch (error) {
    closeFd(sync.read);
    closeFd(start.write);
    throw new EngineError("system", `cannot start the monitor ${program}`, { cause: error });
  } finally {
    closeFd(sync.write);
    closeFd(start.read);
  }
  const gate = new StartGate(start.write);
  const outcome = readMessage(sync.read).finally(() => gate.close());
  return { monitor, release: () => gate.open(), outcome };
}

/** The end of the pipe on which the monitor waits. To it, the end of the pipe is as good as a byte: it is closed only when it is done. */
class StartGate {
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  open(): void {
    if (this.#fd !== undefined) writeByte(this.#fd);
  }

  close(): void {
    if (this.#fd !== undefined) closeFd(this.#fd);
    this.#fd = undefined;
  }
}

/** Reads up to the first line of JSON: the monitor holds its end for as long as it lives. */
function readMessage(fd: number): Promise<SyncMessage> {
  const { promise, resolve } = Promise.withResolvers<SyncMessage>();
  const socket = new Socket({ fd, readable: true, writable: false });
  let text = "";
  const finish = (): void => {
    socket.destroy();
    resolve(parseSyncMessage(text));
  };
  socket.setEncoding("utf8");
  socket.on("data", (piece: string) => {
    text += piece;
    if (/^\{.*\n/m.test(text) || text.length > LONGEST_MESSAGE) finish();
  });
  socket.once("close", finish);
  socket.once("error", () => {});
  return promise;
}
