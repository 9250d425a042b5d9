import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { formatIdMap, type IdMapping } from "#lib/id-mapping.ts";
import { closeFd, makePipe, openFd, writeByte } from "../processes/pipe.ts";
import { type ChildProcess, spawn } from "../processes/spawn.ts";

/**
 * User namespaces. A process with threads can neither make nor enter one, so somebody else does it for us: util-linux' `unshare` becomes
 * `cat`, which holds the namespaces until they are held otherwise, and ends at the end of its input, whatever becomes of the daemon.
 */
const UNSHARE = "/usr/bin/unshare";
const NSENTER = "/usr/bin/nsenter";
const CAT = "/bin/cat";
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

/** Holds a user namespace, and a network namespace that belongs to it. */
export interface NamespaceHolder {
  /** `/proc/<pid>/ns/user`, until `end`. */
  readonly user: string;
  /** `/proc/<pid>/ns/net`, until `end`. */
  readonly network: string;
  /** Lets go of both. Resolves when the process is gone. */
  end(): Promise<void>;
}

/** Makes a user namespace with this mapping, and a network namespace in it. @throws SystemCallError; Error where the kernel or the host forbids it. */
export async function holdNewNamespaces({ uids, gids }: IdMapping): Promise<NamespaceHolder> {
  const { child, holder } = await hold([UNSHARE, "--user", "--net", CAT]);
  try {
    writeFileSync(`/proc/${child.pid}/uid_map`, formatIdMap(uids));
    writeFileSync(`/proc/${child.pid}/gid_map`, formatIdMap(gids));
    return holder;
  } catch (error) {
    await holder.end();
    throw error;
  }
}

/** Makes a network namespace that belongs to a user namespace which is there already, by its path. */
export async function holdNetworkOf(userNamespace: string): Promise<NamespaceHolder> {
  const { holder } = await hold([NSENTER, `--user=${userNamespace}`, UNSHARE, "--net", CAT]);
  return holder;
}

/** A descriptor of a new user namespace with this mapping, for idmapped mounts; closed by whoever asked. */
export async function openUserNamespace(mapping: IdMapping): Promise<number> {
  const holder = await holdNewNamespaces(mapping);
  try {
    return openFd(holder.user, 0);
  } finally {
    await holder.end();
  }
}

async function hold(argv: readonly [string, ...string[]]): Promise<{ child: ChildProcess; holder: NamespaceHolder }> {
  const input = makePipe();
  const output = makePipe();
  let child: ChildProcess;
  try {
    child = await spawn({ file: argv[0], argv, env: ENVIRONMENT, cwd: "/", descriptors: [input.read, output.write, output.write] });
  } catch (error) {
    closeFd(input.write);
    closeFd(output.read);
    throw error;
  } finally {
    closeFd(input.read);
    closeFd(output.write);
  }
  const end = async (): Promise<void> => {
    closeFd(input.write);
    await child.exited;
  };
  writeByte(input.write);
  const said = await firstWords(output.read);
  if (said !== "\0") {
    await end();
    throw new Error(`a user namespace could not be made: ${said.trim() || "unshare ended"}`);
  }
  const namespaces = `/proc/${child.pid}/ns`;
  return { child, holder: { user: `${namespaces}/user`, network: `${namespaces}/net`, end } };
}

/** The byte that was written comes back from `cat`, when everything before it is done; anything else is a complaint. */
async function firstWords(fd: number): Promise<string> {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("error", () => {});
  try {
    for await (const chunk of socket) return (chunk as Buffer).toString();
    return "";
  } finally {
    socket.destroy();
  }
}
