import { cString, shownPath, type BytePath } from "#lib/byte-path.ts";
import { checked, lastErrno, libc } from "../ffi.ts";

/** Extended attributes. No call follows a link at the end of a path. */
const lsetxattr = libc("int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)");
const fsetxattr = libc("int fsetxattr(int fd, const char *name, const uint8_t *value, size_t size, int flags)");
const lgetxattr = libc("long lgetxattr(const uint8_t *path, const char *name, uint8_t *value, size_t size)");
const llistxattr = libc("long llistxattr(const uint8_t *path, uint8_t *list, size_t size)");
const lremovexattr = libc("int lremovexattr(const uint8_t *path, const char *name)");

const ENODATA = 61;
/** The kernel's XATTR_SIZE_MAX and XATTR_LIST_MAX. */
const LARGEST = 65_536;

export function setXattr(path: BytePath, name: string, value: Uint8Array): void {
  checked("lsetxattr", lsetxattr(cString(path), name, value, value.length, 0), shownPath(path));
}

export function setXattrOf(fd: number, name: string, value: Uint8Array): void {
  checked("fsetxattr", fsetxattr(fd, name, value, value.length, 0));
}

/** Undefined when there is no attribute of that name. */
export function getXattr(path: BytePath, name: string): Buffer | undefined {
  const value = Buffer.allocUnsafe(LARGEST);
  const size = Number(lgetxattr(cString(path), name, value, value.length));
  if (size < 0 && lastErrno() === ENODATA) return undefined;
  checked("lgetxattr", size, shownPath(path));
  return Buffer.from(value.subarray(0, size));
}

export function listXattrs(path: BytePath): string[] {
  const list = Buffer.allocUnsafe(LARGEST);
  const size = checked("llistxattr", llistxattr(cString(path), list, list.length), shownPath(path));
  return size === 0 ? [] : list.toString("latin1", 0, size - 1).split("\0");
}

/** Whether there are any: much cheaper than to list none. False also where the file system has none, or the file is gone. */
export function hasXattrs(path: BytePath): boolean {
  return Number(llistxattr(cString(path), null, 0)) > 0;
}

export function removeXattr(path: BytePath, name: string): void {
  checked("lremovexattr", lremovexattr(cString(path), name), shownPath(path));
}
