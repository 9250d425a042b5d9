import { Socket } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import { closeFd, makePipe } from "#sys/pipe.ts";
import { type ChildProcess, spawn } from "#sys/spawn.ts";
import { type MonitorArguments, monitorArguments, monitorEnvironment } from "./arguments.ts";
import { parseSyncMessage, type SyncMessage } from "./sync-message.ts";

/** conmon passes on 8 KiB of what the runtime said, and escapes may make that six times as long. */
const LONGEST_MESSAGE = 64 * 1024;

export interface LaunchedMonitor {
  readonly monitor: ChildProcess;
  readonly outcome: Promise<SyncMessage>;
}

/**
 * Starts a monitor, which starts the runtime's `create`. The outcome comes when that has made the container or failed; after a
 * failure the monitor ends by itself.
 *
 * @param signal kills the monitor, and with it the runtime (which conmon has asked the kernel to kill with itself).
 */
export async function launchMonitor(
  program: string,
  consoleFolder: string,
  launch: MonitorArguments,
  signal: AbortSignal,
): Promise<LaunchedMonitor> {
  const argv = monitorArguments(launch);
  const sync = makePipe();
  let monitor: ChildProcess;
  try {
    // Until it has put /dev/null in their place, conmon's own complaints go the same way as its message.
    const descriptors = [null, null, sync.write, sync.write];
    monitor = await spawn({ file: program, argv, env: monitorEnvironment(consoleFolder), cwd: "/", descriptors });
  } catch (error) {
    closeFd(sync.read);
    throw new EngineError("system", `cannot start the monitor ${program}`, { cause: error });
  } finally {
    closeFd(sync.write);
  }
  const abort = (): void => void monitor.kill(SIGKILL);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  const outcome = readMessage(sync.read).finally(() => signal.removeEventListener("abort", abort));
  return { monitor, outcome };
}

const SIGKILL = 9;

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
