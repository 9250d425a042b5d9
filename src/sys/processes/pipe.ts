import { writeSync } from "node:fs";
import { checked, libc } from "../ffi.ts";

/** Raw descriptors. Whoever makes one closes it with `closeFd`; Node's `closeSync` warns of descriptors that its own `open` did not make. */

const pipe2 = libc("int pipe2(int *ends, int flags)");
const fcntl = libc("int fcntl(int fd, int command, int argument)");
const ioctl = libc("int ioctl(int fd, unsigned long request, void *argument)");
const close = libc("int close(int fd)");
const open = libc("int open(const char *path, int flags, unsigned int mode)");
const write = libc("int64_t write(int fd, const void *data, size_t length)");
const memfdCreate = libc("int memfd_create(const char *name, unsigned int flags)");

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FIONREAD = 0x541b;
const MFD_CLOEXEC = 1;

export interface PipeEnds {
  readonly read: number;
  readonly write: number;
}

/** An anonymous pipe; both ends are blocking and closed on exec. */
export function makePipe(): PipeEnds {
  const ends = new Int32Array(2);
  checked("pipe2", pipe2(ends, O_CLOEXEC));
  return { read: ends[0] ?? -1, write: ends[1] ?? -1 };
}

export function closeFd(fd: number): void {
  close(fd);
}

/** Opens a file that exists, for a descriptor that Node's own `open` shall not keep account of; closed on exec. */
export function openFd(path: string, flags: number): number {
  return checked("open", open(path, flags | O_CLOEXEC, 0), path);
}

/** The flag belongs to the open file: every copy of the descriptor, in other processes too, sees it. */
export function setNonBlocking(fd: number): void {
  const flags = checked("fcntl", fcntl(fd, F_GETFL, 0));
  checked("fcntl", fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

/** A copy of the descriptor numbered `least` or higher, closed on exec. */
export function duplicateFd(fd: number, least: number): number {
  return checked("fcntl", fcntl(fd, F_DUPFD_CLOEXEC, least));
}

/** How many bytes of a pipe, terminal or socket wait to be read. */
export function unreadBytes(fd: number): number {
  const count = new Int32Array(1);
  checked("ioctl", ioctl(fd, FIONREAD, count));
  return count[0] ?? 0;
}

/** Tells whoever reads the other end to go on. That nobody does any more is no error. */
export function writeByte(fd: number): void {
  write(fd, Buffer.alloc(1), 1);
}

/** A file that is nowhere but in memory, for what a child shall read by `/proc/self/fd/<n>` without a trace on disk. */
export function makeMemoryFile(name: string, text: string): number {
  const fd = checked("memfd_create", memfdCreate(name, MFD_CLOEXEC));
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
  return fd;
}
