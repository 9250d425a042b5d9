import { checked, libc } from "../ffi.ts";
import { closeFd } from "../processes/pipe.ts";

const openTree = libc("long syscall(long number, int directory, const char *path, unsigned int flags)");
const mountSetattr = libc("long syscall(long number, int directory, const char *path, unsigned int flags, void *attributes, size_t size)");

/** The same numbers on every architecture. */
const SYS_OPEN_TREE = 428;
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o2000000;
const MOUNT_ATTR_IDMAP = 0x0010_0000n;

/**
 * A mount of a folder that is nowhere in the tree, on which every owner is seen through the mapping of a user namespace (mount_setattr(2),
 * Linux 5.12; as a layer of an overlay 5.19). The descriptor is the caller's; the mount ends with it, or with what was built on it.
 *
 * @param userNamespace a descriptor of the namespace, which has to have its mapping already.
 * @throws SystemCallError `EINVAL` where the file system cannot do it.
 */
export function idmappedMount(folder: string, userNamespace: number): number {
  const mount = checked("open_tree", openTree(SYS_OPEN_TREE, AT_FDCWD, folder, OPEN_TREE_CLONE | O_CLOEXEC), folder);
  try {
    const attributes = Buffer.alloc(32);
    attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP, 0);
    attributes.writeBigUInt64LE(BigInt(userNamespace), 24);
    const { length } = attributes;
    checked("mount_setattr", mountSetattr(SYS_MOUNT_SETATTR, mount, "", AT_EMPTY_PATH, attributes, length), folder);
    return mount;
  } catch (error) {
    closeFd(mount);
    throw error;
  }
}
