import { libc, openLibrary, SystemCallError } from "../ffi.ts";
import { openPidfd, signalPidfd, watchExit } from "./pidfd.ts";
import { closeFd, duplicateFd } from "./pipe.ts";

/**
 * Starting a process. Node's child_process forks the whole daemon, which stops the event loop for 5 to 25 ms as the heap grows;
 * glibc's posix_spawn shares the address space until the exec (vfork) and takes under 1 ms whatever the heap. It waits for the
 * child to exec, which on a busy machine takes the time until that gets a processor, so it runs on a thread of the pool.
 */
const POSIX_SPAWN =
  "int posix_spawn(int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)";
const actionsInit = libc("int posix_spawn_file_actions_init(void *actions)");
const actionsDestroy = libc("int posix_spawn_file_actions_destroy(void *actions)");
const addOpen = libc("int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)");
const addDup2 = libc("int posix_spawn_file_actions_adddup2(void *actions, int fd, int to)");
const addChdir = libc("int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)");
const addCloseFrom = libc("int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)");
const attributesInit = libc("int posix_spawnattr_init(void *attributes)");
const setFlags = libc("int posix_spawnattr_setflags(void *attributes, short flags)");
const setDefaultSignals = libc("int posix_spawnattr_setsigdefault(void *attributes, const void *signals)");
const setSignalMask = libc("int posix_spawnattr_setsigmask(void *attributes, const void *signals)");
const waitpid = libc("int waitpid(int pid, _Out_ int *status, int options)");

/** Both are opaque; glibc's are 80 and 336 bytes on x86-64 and arm64. */
const ACTIONS_SIZE = 128;
const ATTRIBUTES_SIZE = 512;
const SIGNAL_SET_SIZE = 128;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const O_RDWR = 2;
const WNOHANG = 1;
const EINVAL = 22;
const ENOSYS = 38;

export interface SpawnRequest {
  /** Absolute path: nothing is looked up. */
  readonly file: string;
  /** From the name on (argv[0]). */
  readonly argv: readonly string[];
  /** All of the environment; nothing of the daemon's own is passed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What the child has as descriptor 0, 1, 2 …; null is /dev/null. It has no others, whatever the daemon forgot to mark. */
  readonly descriptors: readonly (number | null)[];
}

export interface ChildProcess {
  readonly pid: number;
  /** Resolves when it has ended and was waited for. 128 + n when signal n ended it. */
  readonly exited: Promise<number>;
  /** False when it is gone. */
  kill(signal: number): boolean;
  /** Waiting for its end no longer keeps the event loop alive. */
  unref(): void;
}

/**
 * Starts a process in a session of its own (so that a signal to the daemon's group or terminal does not reach it), with default
 * signal handling (Node ignores SIGPIPE, which would be inherited).
 *
 * The descriptors have to stay open until this resolves.
 *
 * @throws SystemCallError `ENOENT`, `EACCES`, `ENOEXEC`, … when the file cannot be run.
 */
export async function spawn(request: SpawnRequest): Promise<ChildProcess> {
  const strings = [request.file, request.cwd, ...request.argv];
  if (strings.some((text) => text.includes("\0"))) throw new SystemCallError("posix_spawn", EINVAL, request.file);
  const pid = new Int32Array(1);
  await withActions(request, async (actions) => {
    const variables = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
    const attributes = (spawnAttributes ??= makeAttributes());
    spawnFunction ??= asyncSpawn();
    await takeTurn();
    try {
      succeed(await spawnFunction(pid, request.file, actions, attributes, [...request.argv, null], [...variables, null]), request.file);
    } finally {
      giveTurn();
    }
  });
  return childOf(pid[0] ?? -1);
}

/** The pool has a few threads, and koffi refuses more than 256 calls that wait for one. */
const MOST_AT_ONCE = 16;
let turns = MOST_AT_ONCE;
const waiting: (() => void)[] = [];

async function takeTurn(): Promise<void> {
  if (turns > 0) turns--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

function giveTurn(): void {
  const next = waiting.shift();
  if (next === undefined) turns++;
  else next();
}

let spawnFunction: ReturnType<typeof asyncSpawn> | undefined;

function asyncSpawn(): (...parameters: unknown[]) => Promise<unknown> {
  const library = openLibrary("libc.so.6");
  if (library === undefined) throw new SystemCallError("posix_spawn", ENOSYS);
  return library.async(POSIX_SPAWN);
}

let spawnAttributes: Buffer | undefined;

function makeAttributes(): Buffer {
  const attributes = Buffer.alloc(ATTRIBUTES_SIZE);
  succeed(attributesInit(attributes));
  succeed(setFlags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  succeed(setDefaultSignals(attributes, Buffer.alloc(SIGNAL_SET_SIZE, 0xff)));
  succeed(setSignalMask(attributes, Buffer.alloc(SIGNAL_SET_SIZE)));
  return attributes;
}

async function withActions(request: SpawnRequest, run: (actions: Buffer) => Promise<void>): Promise<void> {
  const actions = Buffer.alloc(ACTIONS_SIZE);
  const copies: number[] = [];
  succeed(actionsInit(actions));
  try {
    addDescriptors(actions, request.descriptors, copies);
    succeed(addCloseFrom(actions, request.descriptors.length));
    succeed(addChdir(actions, request.cwd));
    await run(actions);
  } finally {
    actionsDestroy(actions);
    for (const copy of copies) closeFd(copy);
  }
}

/** The child's descriptors are set one after the other: a source that an earlier one would overwrite is copied out of the way first. */
function addDescriptors(actions: Buffer, descriptors: readonly (number | null)[], copies: number[]): void {
  for (const [target, wanted] of descriptors.entries()) {
    if (wanted === null) {
      succeed(addOpen(actions, target, "/dev/null", O_RDWR, 0));
      continue;
    }
    const overwritten = wanted < descriptors.length;
    const source = overwritten ? duplicateFd(wanted, descriptors.length) : wanted;
    if (overwritten) copies.push(source);
    succeed(addDup2(actions, source, target));
  }
}

function childOf(pid: number): ChildProcess {
  // Nobody else waits for it, so that the pid is its own until `reap`.
  const pidfd = openPidfd(pid);
  const watch = watchExit(duplicateFd(pidfd, 3));
  const exited = watch.ready.then(() => {
    closeFd(pidfd);
    running = false;
    return reap(pid);
  });
  let running = true;
  return { pid, exited, kill: (signal) => running && signalPidfd(pidfd, signal), unref: () => watch.unref() };
}

/** 255 when somebody else in this process has waited for it, so that its status is lost. */
function reap(pid: number): number {
  const status = [0];
  return Number(waitpid(pid, status, WNOHANG)) === pid ? exitCodeOf(status[0] ?? 0) : 255;
}

/** @param status as wait(2) gives it. */
export function exitCodeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** posix_spawn and its kin return the error number; errno is not set. */
function succeed(result: unknown, path?: string): void {
  const error = Number(result);
  if (error !== 0) throw new SystemCallError("posix_spawn", error, path);
}
