import { constants, openSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { checked, libc } from "../ffi.ts";

const unshare = libc("int unshare(int flags)");
const setUmask = libc("unsigned int umask(unsigned int mask)");
const chroot = libc("int chroot(const char *path)");
const chdir = libc("int chdir(const char *path)");
const fchdir = libc("int fchdir(int fd)");

const CLONE_FS = 0x200;
const O_PATH = 0x20_0000;

/**
 * A worker thread with a root, a working folder and a umask (0) of its own: inside, every path of every synchronous call is held
 * in the folder by the kernel, whatever links and dots the path has, while the rest of the process sees the host.
 *
 * What may load a file later has to be loaded before `enter`: modules, libraries, the first call of each foreign function. What
 * runs on libuv's pool (all asynchronous fs calls) is not inside.
 */
export class ThreadRoot {
  readonly #hostRoot: number;

  /** @throws Error on the main thread, whose root is the process's. */
  constructor() {
    if (isMainThread) throw new Error("only a worker thread can have a root of its own");
    checked("unshare", unshare(CLONE_FS));
    setUmask(0);
    this.#hostRoot = openSync("/", O_PATH | constants.O_DIRECTORY);
    // Loads what `leave` and `enter` need.
    this.leave();
  }

  enter(folder: string): void {
    checked("chroot", chroot(folder), folder);
    checked("chdir", chdir("/"), folder);
  }

  leave(): void {
    checked("fchdir", fchdir(this.#hostRoot));
    checked("chroot", chroot("."));
  }
}
