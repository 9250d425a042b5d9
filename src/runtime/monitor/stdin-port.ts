import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { adopt, type AdoptedFd } from "#sys/sockets/fd-socket.ts";
import { openProcess, type ProcessIdentity, takeDescriptor } from "#sys/processes/pidfd.ts";
import { closeFd, setNonBlocking } from "#sys/processes/pipe.ts";

/**
 * The writing end of a container's stdin, taken from its monitor.
 *
 * conmon would pass on what arrives on its attach socket, but it has no answer to a container that closed its stdin: it tries
 * again for ever, with a whole processor (2.1.6 to 2.2.1), and its closing of stdin goes by which client lets go, watcher or not.
 * So the daemon takes a copy of conmon's own descriptor (pidfd_getfd) and writes itself: back-pressure and the end are the kernel's.
 */
export class StdinPort {
  readonly #adopted: AdoptedFd;
  #unsent = 0;
  #closing = false;

  /** Takes the descriptor over. */
  constructor(fd: number) {
    setNonBlocking(fd);
    this.#adopted = adopt(fd, { readable: false, writable: true });
    // The container closed its stdin, or is gone: what is still written is for nobody.
    this.#socket.on("error", () => {});
  }

  /** Undefined once it is closed. */
  get fd(): number | undefined {
    return this.#socket.destroyed ? undefined : this.#adopted.fd;
  }

  get #socket(): Socket {
    return this.#adopted.socket;
  }

  /** Resolves when the bytes are in the pipe, or when nobody will read them any more. */
  write(data: Uint8Array): Promise<void> {
    if (this.#closing || this.#socket.destroyed || data.length === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#unsent++;
    this.#socket.write(data, () => {
      this.#unsent--;
      this.#closeIfSent();
      resolve();
    });
    return promise;
  }

  /** Closes this end after what was written before. */
  close(): void {
    this.#closing = true;
    this.#closeIfSent();
  }

  /** Closes at once. */
  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #closeIfSent(): void {
    if (this.#closing && this.#unsent === 0) this.#socket.destroy();
  }
}

/** Which of the monitor's files is the container's stdin. */
export type StdinMark = { readonly kind: "pipe"; readonly link: string } | { readonly kind: "terminal" };

/** The pipe that a created container has as its stdin: `pipe:[<inode>]`. */
export function stdinPipeOf(pid: number): string | undefined {
  const link = readlinkSync(`/proc/${pid}/fd/0`);
  return link.startsWith("pipe:") ? link : undefined;
}

/**
 * Takes the monitor's writing end; undefined when it has closed that, or has ended.
 *
 * @throws SystemCallError `EPERM` where the kernel forbids it even to root (yama's ptrace_scope 3).
 */
export function takeStdin(monitor: ProcessIdentity, mark: StdinMark): number | undefined {
  const pidfd = openProcess(monitor);
  if (pidfd === undefined) return undefined;
  try {
    const theirs = descriptorsOf(monitor.pid).find((fd) => isStdin(monitor.pid, fd, mark));
    return theirs === undefined ? undefined : takeDescriptor(pidfd, Number(theirs));
  } finally {
    closeFd(pidfd);
  }
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

function isStdin(pid: number, fd: string, mark: StdinMark): boolean {
  try {
    const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
    if (mark.kind === "terminal") return link.endsWith("ptmx") && statSync(`/proc/${pid}/fd/${fd}`).rdev === PTMX;
    return link === mark.link && isWritable(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"));
  } catch {
    return false;
  }
}

/** Device 5:2, the master side of every terminal. */
const PTMX = (5 << 8) | 2;

/** @param info of /proc/<pid>/fdinfo/<fd>: the open flags are octal, their last two bits the access mode. */
function isWritable(info: string): boolean {
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "0", 8);
  return (flags & 3) !== 0;
}
