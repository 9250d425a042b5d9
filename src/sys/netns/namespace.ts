import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { checked, libc, SystemCallError } from "#sys/ffi.ts";

const unshare = libc("int unshare(int flags)");
const setns = libc("int setns(int fd, int type)");
const mount = libc("int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)");
const umount2 = libc("int umount2(const char *target, int flags)");

const CLONE_NEWNET = 0x4000_0000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const THREAD_NAMESPACE = "/proc/thread-self/ns/net";

/** The thread could not go back to its own namespace: whatever it did next would happen in a container's network. */
export class NamespaceLostError extends Error {
  override readonly name = "NamespaceLostError";
}

/**
 * Runs `work` in the namespace that `descriptor` stands for and comes back. A namespace belongs to a thread, so `work` is
 * synchronous, and this is called in the network worker, where no other code can run in between.
 *
 * @throws NamespaceLostError when there is no way back; the thread has to end.
 */
export function inNamespace<T>(descriptor: number, work: () => T): T {
  return away(() => checked("setns", setns(descriptor, CLONE_NEWNET)), work);
}

function away<T>(leave: () => void, work: () => T): T {
  const home = openSync(THREAD_NAMESPACE, "r");
  try {
    leave();
    try {
      return work();
    } finally {
      goHome(home);
    }
  } finally {
    closeSync(home);
  }
}

function goHome(home: number): void {
  try {
    checked("setns", setns(home, CLONE_NEWNET));
  } catch (cause) {
    throw new NamespaceLostError("cannot return to the host's network namespace", { cause });
  }
}

/**
 * Makes a network namespace that lives as long as the file `path`, on which it is mounted, or a process in it. `setUp` runs inside.
 * What an earlier daemon left at that path is taken away first.
 *
 * The mount has the propagation of the directory above: where /run is shared, its end reaches the copies in other mount
 * namespaces, which would keep the namespace alive.
 *
 * @param existing path of a namespace to take instead of a new one.
 */
export function createNamespace(path: string, setUp: () => void, existing?: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  removeNamespace(path);
  writeFileSync(path, "", { mode: 0o600, flag: "wx" });
  try {
    away(
      () => (existing === undefined ? void checked("unshare", unshare(CLONE_NEWNET)) : enterNamespace(existing)),
      () => {
        checked("mount", mount(THREAD_NAMESPACE, path, "none", MS_BIND, null), path);
        setUp();
      },
    );
  } catch (error) {
    removeNamespace(path);
    throw error;
  }
}

/**
 * Takes the mount away; the kernel ends the namespace and its interfaces by itself some 35 ms later, when nobody is in it any more.
 * Missing is no error.
 */
export function removeNamespace(path: string): void {
  try {
    checked("umount2", umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW), path);
  } catch (error) {
    if (!(error instanceof SystemCallError && (error.code === "EINVAL" || error.code === "ENOENT"))) throw error;
  }
  rmSync(path, { force: true });
}

/** Names of the files in the directory that holds the namespaces; none when it does not exist. */
export function listNamespaces(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Moves this thread into a namespace for good. */
export function enterNamespace(path: string): void {
  withNamespaceFile(path, (descriptor) => checked("setns", setns(descriptor, CLONE_NEWNET), path));
}

/** Opens a namespace by its path, runs `work` with the descriptor, and closes it. */
export function withNamespaceFile<T>(path: string, work: (descriptor: number) => T): T {
  const descriptor = openSync(path, "r");
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
