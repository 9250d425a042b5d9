import { constants } from "node:fs";
import type { FileTime } from "#lib/file-time.ts";
import { cString, shownPath, type BytePath } from "#lib/byte-path.ts";
import { checked, libc } from "../ffi.ts";

/**
 * Making the nodes of a file tree as bytes name them, one system call each. Node's fs has no mknod, no nanoseconds and no chown
 * without text paths; and for a layer of many small files its calls cost half as much again. No call here follows a link at the end
 * of a path, except `setMode`: it is for a node that was just made.
 */
const open = libc("int open(const uint8_t *path, int flags, unsigned int mode)");
const write = libc("long write(int fd, const uint8_t *bytes, size_t count)");
const closeFile = libc("int close(int fd)");
const mkdir = libc("int mkdir(const uint8_t *path, unsigned int mode)");
const symlink = libc("int symlink(const uint8_t *target, const uint8_t *path)");
const linkat = libc("int linkat(int from, const uint8_t *existing, int to, const uint8_t *path, int flags)");
const mknodat = libc("int mknodat(int folder, const uint8_t *path, unsigned int mode, uint64_t device)");
const unlink = libc("int unlink(const uint8_t *path)");
const rmdir = libc("int rmdir(const uint8_t *path)");
const lchown = libc("int lchown(const uint8_t *path, uint32_t user, uint32_t group)");
const fchown = libc("int fchown(int fd, uint32_t user, uint32_t group)");
const chmod = libc("int chmod(const uint8_t *path, unsigned int mode)");
const fchmod = libc("int fchmod(int fd, unsigned int mode)");
const utimensat = libc("int utimensat(int folder, const uint8_t *path, const void *times, int flags)");
const futimens = libc("int futimens(int fd, const void *times)");

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const O_CLOEXEC = 0x8_0000;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | O_CLOEXEC;

export type SpecialNode = "char" | "block" | "fifo";
const TYPE_BITS = { char: constants.S_IFCHR, block: constants.S_IFBLK, fifo: constants.S_IFIFO } satisfies Record<SpecialNode, number>;

/** Makes a file that is not there yet: whatever stands at the path (a link, a device) is never opened. @throws `EEXIST`. */
export function createFile(path: BytePath, mode: number): number {
  return check("open", open(cString(path), NEW_FILE, mode), path);
}

export function writeFully(fd: number, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) {
    const written = checked("write", write(fd, rest, rest.length));
    rest = written === rest.length ? rest.subarray(rest.length) : rest.subarray(written);
  }
}

export function closeDescriptor(fd: number): void {
  checked("close", closeFile(fd));
}

export function makeFolder(path: BytePath, mode: number): void {
  check("mkdir", mkdir(cString(path), mode), path);
}

export function makeSymlink(target: BytePath, path: BytePath): void {
  check("symlink", symlink(cString(target), cString(path)), path);
}

/** A link at the end of `existing` is itself linked, not what it leads to. */
export function makeHardLink(existing: BytePath, path: BytePath): void {
  check("link", linkat(AT_FDCWD, cString(existing), AT_FDCWD, cString(path), 0), existing);
}

export function makeSpecial(path: BytePath, type: SpecialNode, mode: number, device: { major: number; minor: number }): void {
  check("mknod", mknodat(AT_FDCWD, cString(path), TYPE_BITS[type] | mode, deviceNumber(device.major, device.minor)), path);
}

export function removeFile(path: BytePath): void {
  check("unlink", unlink(cString(path)), path);
}

export function removeEmptyFolder(path: BytePath): void {
  check("rmdir", rmdir(cString(path)), path);
}

export function setOwner(path: BytePath, user: number, group: number): void {
  check("lchown", lchown(cString(path), user, group), path);
}

export function setOwnerOf(fd: number, user: number, group: number): void {
  checked("fchown", fchown(fd, user, group));
}

export function setMode(path: BytePath, mode: number): void {
  check("chmod", chmod(cString(path), mode), path);
}

export function setModeOf(fd: number, mode: number): void {
  checked("fchmod", fchmod(fd, mode));
}

/** Sets both the access and the modification time. */
export function setTimes(path: BytePath, time: FileTime): void {
  check("utimensat", utimensat(AT_FDCWD, cString(path), timesOf(time), AT_SYMLINK_NOFOLLOW), path);
}

export function setTimesOf(fd: number, time: FileTime): void {
  checked("futimens", futimens(fd, timesOf(time)));
}

/** glibc's layout of dev_t: 12 and 20 bits apart for what the kernel stores, more above. */
export function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xffff_f000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffff_ff00n) << 12n) | (low & 0xffn);
}

const times = new BigInt64Array(4);

function timesOf({ seconds, nanoseconds }: FileTime): BigInt64Array {
  times[0] = times[2] = BigInt(seconds);
  times[1] = times[3] = BigInt(nanoseconds);
  return times;
}

function check(syscall: string, result: unknown, path: BytePath): number {
  // The path is decoded only for an error's message.
  return Number(result) < 0 ? checked(syscall, result, shownPath(path)) : Number(result);
}
