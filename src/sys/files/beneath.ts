import { closeSync, constants, fstatSync, openSync, type BigIntStats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import { checked, libc } from "../ffi.ts";

const syscall = libc("long syscall(long number, long folder, const uint8_t *path, const void *how, long size)");
const readlinkat = libc("long readlinkat(int folder, const uint8_t *path, uint8_t *target, size_t size)");
const close = libc("int close(int fd)");

const SYS_OPENAT2 = 437;
const RESOLVE_BENEATH_WITHOUT_LINKS = 0x08 | 0x04 | 0x02;
const O_PATH = 0x20_0000;
const O_CLOEXEC = 0x8_0000;
const LONGEST_PATH = 4096;

export type NodeBeneath = { readonly stats: BigIntStats } | { readonly stats: BigIntStats; readonly target: BytePath };

/**
 * Looks at a tree that somebody else has written, by a descriptor: it works also from a thread whose root is elsewhere, and crosses
 * no link on its way (openat2).
 */
export class TreeBeneath implements Disposable {
  readonly #fd: number;

  constructor(folder: string) {
    this.#fd = openSync(folder, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** What is at a relative path, with the target when it is a symlink; undefined for what is not there or cannot be looked at. */
  look(path: BytePath): NodeBeneath | undefined {
    const how = new BigUint64Array([BigInt(O_PATH | O_CLOEXEC | constants.O_NOFOLLOW), 0n, BigInt(RESOLVE_BENEATH_WITHOUT_LINKS)]);
    const fd = Number(syscall(SYS_OPENAT2, this.#fd, cString(path), how, how.byteLength));
    if (fd < 0) return undefined;
    try {
      const stats = fstatSync(fd, { bigint: true });
      return stats.isSymbolicLink() ? { stats, target: targetOf(fd) } : { stats };
    } finally {
      close(fd);
    }
  }
}

function targetOf(fd: number): BytePath {
  const target = Buffer.allocUnsafe(LONGEST_PATH);
  const length = checked("readlinkat", readlinkat(fd, cString(""), target, target.length));
  return target.toString("latin1", 0, length);
}
