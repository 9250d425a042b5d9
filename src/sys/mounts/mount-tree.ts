import { checked, libc } from "../ffi.ts";

/**
 * Mounts as trees that are nowhere until they are attached (Linux 5.2; attributes of a whole tree 5.12). A tree is a descriptor: it is
 * cloned from one name space and attached in another, and no path is looked up twice in between.
 */
const syscall3 = libc("long syscall(long number, int folder, const char *path, unsigned int flags)");
const syscallMove = libc("long syscall(long number, int from, const char *fromPath, int to, const char *toPath, unsigned int flags)");
const syscallAttributes = libc(
  "long syscall(long number, int tree, const char *path, unsigned int flags, const void *attributes, size_t size)",
);
const close = libc("int close(int fd)");

const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0x8_0000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const MS_PRIVATE = 1n << 18n;
const ATTRIBUTE_BYTES = 32;
const MOUNT_ATTR_IDMAP = 0x0010_0000n;

const RDONLY = 1n;
const NOSUID = 2n;
const NODEV = 4n;
const NOEXEC = 8n;

export class MountTree implements Disposable {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * Clones what is mounted at a path, or the part of a mount that lies there.
   *
   * @param options.recursive with what is mounted below.
   * @throws SystemCallError.
   */
  static clone(path: string, { recursive = false }: { recursive?: boolean } = {}): MountTree {
    const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
    return new MountTree(checked("open_tree", syscall3(SYS_OPEN_TREE, AT_FDCWD, path, flags), path));
  }

  /** Clones what a descriptor names, with what is mounted below: certainly that file, whatever its name leads to by now. */
  static cloneOf(fd: number): MountTree {
    const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
    return new MountTree(checked("open_tree", syscall3(SYS_OPEN_TREE, fd, "", flags)));
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }

  /**
   * Makes it, and all mounts in it, inert: no device of it can be opened, no program of it runs, and nothing that is mounted or
   * unmounted in it is seen elsewhere.
   */
  tame({ readOnly }: { readOnly: boolean }): void {
    this.#set([NODEV | NOSUID | NOEXEC | (readOnly ? RDONLY : 0n), 0n, MS_PRIVATE, 0n], AT_RECURSIVE);
  }

  /** Makes the top of it read-only; what is mounted in it stays as it is. */
  freeze(): void {
    this.#set([RDONLY, 0n, 0n, 0n], 0);
  }

  /** From here on nothing that is mounted or unmounted in it is seen elsewhere, and the other way round. */
  separate(): void {
    this.#set([0n, 0n, MS_PRIVATE, 0n], AT_RECURSIVE);
  }

  /**
   * Has every owner in it seen through the mapping of a user namespace (mount_setattr(2)); a tree that is attached nowhere yet.
   *
   * @throws SystemCallError `EINVAL` where a file system in it cannot do that, `EPERM` where one is mapped already.
   */
  mapOwners(userNamespace: number): void {
    this.#set([MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(userNamespace)], AT_RECURSIVE);
  }

  /** Attaches it to what a descriptor names, in the name space of this thread. */
  attach(target: number): void {
    checked("move_mount", syscallMove(SYS_MOVE_MOUNT, this.fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  }

  /** @param attributes set, cleared, propagation, user name space: `struct mount_attr`. */
  #set(attributes: readonly bigint[], flags: number): void {
    const bytes = BigUint64Array.from(attributes);
    checked("mount_setattr", syscallAttributes(SYS_MOUNT_SETATTR, this.fd, "", AT_EMPTY_PATH | flags, bytes, ATTRIBUTE_BYTES));
  }
}
