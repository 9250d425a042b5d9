import { checked, libc } from "../ffi.ts";
import { closeFd } from "../processes/pipe.ts";

/**
 * A program that nobody can write to, though its file can be.
 *
 * An OCI runtime is for a moment `/proc/self/exe` of a process inside the container, which could overwrite the host's program
 * through it (CVE-2019-5736). crun and runc defend themselves: unless their own file lies on a read-only mount, each run makes a
 * protected copy of itself and starts again from that, which doubles the time to load them (5 ms for crun, a 10 MB copy for runc).
 * Here the daemon makes such a mount once: a clone of the file's own mount, read-only, attached nowhere (open_tree, mount_setattr,
 * Linux 5.12). It is reached by the daemon's descriptor and gone with it.
 */
export interface SealedFile {
  /** Names the program for any process of the same privileges, while the daemon lives and `close` was not called. */
  readonly path: string;
  close(): void;
}

const openTree = libc("long syscall(long number, int directory, const char *path, unsigned int flags)");
const mountSetattr = libc("long syscall(long number, int directory, const char *path, unsigned int flags, void *attributes, size_t size)");

const SYS_OPEN_TREE = 428;
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE_CLOEXEC = 1 | 0o2000000;
const MOUNT_ATTR_RDONLY = 1n;

/** @throws SystemCallError `ENOSYS` or `EPERM` where the kernel cannot or may not. */
export function sealFile(path: string): SealedFile {
  const fd = checked("open_tree", openTree(SYS_OPEN_TREE, AT_FDCWD, path, OPEN_TREE_CLONE_CLOEXEC), path);
  try {
    const attributes = Buffer.alloc(32);
    attributes.writeBigUInt64LE(MOUNT_ATTR_RDONLY, 0);
    checked("mount_setattr", mountSetattr(SYS_MOUNT_SETATTR, fd, "", AT_EMPTY_PATH, attributes, attributes.length), path);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return { path: `/proc/${process.pid}/fd/${fd}`, close: () => closeFd(fd) };
}
