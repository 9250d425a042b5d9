import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { checked, libc } from "../ffi.ts";
import { mount } from "./mount.ts";
import { MountTree } from "./mount-tree.ts";

const unshare = libc("int unshare(int flags)");
const setns = libc("int setns(int fd, int type)");
const setUmask = libc("unsigned int umask(unsigned int mask)");
const chroot = libc("int chroot(const char *path)");
const chdir = libc("int chdir(const char *path)");
const fchdir = libc("int fchdir(int fd)");
const umount2 = libc("int umount2(const char *target, int flags)");
const syscallPivot = libc("long syscall(long number, const char *root, const char *old)");

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x2_0000;
const MS_REC = 0x4000;
const MS_PRIVATE = 0x4_0000;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const O_PATH = 0x20_0000;
const SYS_PIVOT_ROOT: Readonly<Record<string, number>> = { x64: 155, arm64: 41 };

/** Where the root of a view is attached. */
const PLACE = "/root";

/**
 * A worker thread with a mount name space of its own, which is empty but for /proc: what is mounted there is seen by nobody else, pins
 * nothing of the host, and ends with the thread, however that ends. Trees are cloned from the host's name space, or from a
 * container's, and attached here.
 *
 * What may load a file later has to be loaded before: modules, libraries, the first call of each foreign function.
 */
export class PrivateMounts {
  readonly #host: number;
  readonly #own: number;

  /** @throws Error on the main thread, whose name space is the process's. */
  constructor() {
    if (isMainThread) throw new Error("only a worker thread can have mounts of its own");
    checked("unshare", unshare(CLONE_FS));
    setUmask(0);
    this.#host = openNamespace();
    checked("unshare", unshare(CLONE_NEWNS));
    makeEmptyRoot();
    this.#own = openNamespace();
  }

  /** Runs `work` among the mounts of the host, as the daemon sees them. */
  onHost<T>(work: () => T): T {
    return this.#among(this.#host, work);
  }

  /**
   * Runs `work` among the mounts of a process.
   *
   * @param isRoot looks there whether `/` is what it has to be: the number may be another process's by now.
   * @returns undefined when it is not, or the process is gone.
   */
  amongMountsOf<T>(pid: number, isRoot: () => boolean, work: () => T): T | undefined {
    const namespace = openUnlessGone(`/proc/${pid}/ns/mnt`);
    if (namespace === undefined) return undefined;
    try {
      return this.#among(namespace, () => (isRoot() ? work() : undefined));
    } finally {
      closeSync(namespace);
    }
  }

  /** Attaches the tree that is to be the root of a view, and returns a descriptor of it. Call `clear` when done with it. */
  attachRoot(tree: MountTree): number {
    const place = openSync(PLACE, O_PATH | constants.O_DIRECTORY);
    try {
      tree.attach(place);
    } finally {
      closeSync(place);
    }
    return openSync(PLACE, O_PATH | constants.O_DIRECTORY);
  }

  /** From here on every path of every synchronous call of this thread is held in the root by the kernel. */
  enter(root: number, folder: number): void {
    checked("fchdir", fchdir(root));
    checked("chroot", chroot("."));
    checked("fchdir", fchdir(folder));
  }

  /** Leaves the root, and takes it away with all that is mounted in it. */
  clear(): void {
    this.#return();
    checked("umount2", umount2(PLACE, MNT_DETACH | UMOUNT_NOFOLLOW), PLACE);
  }

  #among<T>(namespace: number, work: () => T): T {
    this.#join(namespace);
    try {
      return work();
    } finally {
      this.#return();
    }
  }

  /** A thread that cannot come back must not go on: what it did next would happen among the mounts of others. */
  #return(): void {
    try {
      this.#join(this.#own);
    } catch {
      // oxlint-disable-next-line eslint/no-restricted-properties -- ends this thread, and nothing else
      process.exit(1);
    }
  }

  /** Also puts root and working folder to the root of the name space. */
  #join(namespace: number): void {
    checked("setns", setns(namespace, CLONE_NEWNS));
  }
}

function openNamespace(): number {
  return openSync("/proc/thread-self/ns/mnt", constants.O_RDONLY);
}

function openUnlessGone(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return undefined;
    throw error;
  }
}

/** The name space starts as a copy of the host's: all of it goes. */
function makeEmptyRoot(): void {
  mount({ source: "none", target: "/", type: "none", flags: MS_REC | MS_PRIVATE });
  using processes = MountTree.clone("/proc");
  // Any folder will do: nobody but this thread sees what is mounted over it.
  mount({ source: "dhow", target: "/proc", type: "tmpfs", options: "mode=755,size=64k" });
  for (const folder of ["proc", "old", PLACE.slice(1)]) mkdirSync(`/proc/${folder}`);
  const place = openSync("/proc/proc", O_PATH | constants.O_DIRECTORY);
  processes.attach(place);
  closeSync(place);
  checked("chdir", chdir("/proc"));
  checked("pivot_root", syscallPivot(SYS_PIVOT_ROOT[process.arch] ?? -1, ".", "old"));
  checked("chdir", chdir("/"));
  checked("umount2", umount2("/old", MNT_DETACH));
}
