import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { LONGEST_SOCKET_PATH } from "#sys/sockets/unix-socket.ts";

/** Where the driver keeps what has to be found again after a restart of the daemon, all of it below the exec root and gone after a reboot. */
export interface ExecFolders {
  /** A file `<id>` appears in it when that container has ended; it holds the exit code. */
  readonly exits: string;
  /** Pid files of exec'd processes. */
  readonly pids: string;
  /** Sockets over which runtimes hand out terminals. */
  readonly consoles: string;
  /** A record for each container. */
  readonly records: string;
  /** State folders of the runtimes, one a name. */
  readonly runtimes: string;
}

/** What conmon and we put behind the folder's path: `/conmon-term.XXXXXX`, and a few characters to spare. */
const CONSOLE_NAME = 20;

/** @throws EngineError `invalid` when sockets below the exec root would not fit an address. */
export function execFolders(execRoot: string): ExecFolders {
  const folder = (name: string): string => `${execRoot}/${name}`;
  const consoles = folder("tty");
  const spare = LONGEST_SOCKET_PATH - CONSOLE_NAME - Buffer.byteLength(consoles);
  if (spare < 0) throw new EngineError("invalid", `exec-root ${execRoot} is ${-spare} bytes too long for the sockets below it`);
  return { exits: folder("exits"), pids: folder("pids"), consoles, records: folder("monitors"), runtimes: folder("runtimes") };
}

/**
 * Made for root alone: a socket in them is as good as root. What an earlier daemon was waiting for there, a pid, a terminal, is
 * nobody's any more.
 */
export async function makeExecFolders(folders: ExecFolders): Promise<void> {
  for (const path of Object.values(folders)) await mkdir(path, { recursive: true, mode: 0o700 });
  for (const path of [folders.pids, folders.consoles]) {
    for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
  }
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Ids become file names and arguments; they were made by the engine, and this is the last place to notice if one was not.
 *
 * @throws EngineError `invalid`.
 */
export function checkId(what: "container" | "exec", id: string): void {
  if (!ID.test(id)) throw new EngineError("invalid", `invalid ${what} id ${JSON.stringify(id)}`);
}
