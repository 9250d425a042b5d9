import { chmodSync, constants, fstatSync, readlinkSync, readSync, unlinkSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path/posix";
import { checked, libc, SystemCallError } from "../ffi.ts";

/**
 * Paths inside a root that somebody else has written. The kernel resolves them (openat2, Linux 5.6): a symbolic link, absolute or
 * with `..`, is followed as a process chrooted into the root would, so that no name in an image or a volume leads to a host file,
 * also while someone changes the tree. Magic links of /proc are refused.
 */
const syscall = libc("long syscall(long number, long directory, const char *path, void *how, long size)");
const mkdirat = libc("int mkdirat(int directory, const char *path, unsigned int mode)");
/** Node warns of `closeSync` on a descriptor that its own `open` did not make. */
const close = libc("int close(int fd)");

const SYS_OPENAT2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const O_PATH = 0x20_0000;
const O_CLOEXEC = 0x8_0000;
/** The kernel answers EAGAIN when a rename elsewhere crossed a `..` of the walk; it asks to try again. */
const MOST_TRIES = 64;
/** As the kernel's own limit on links in one walk. */
const MOST_LINKS = 40;

export class RootFolder implements Disposable {
  /** Absolute path of the root on the host. */
  readonly path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.path = path;
    this.#fd = openat2(AT_FDCWD, path, O_PATH | constants.O_DIRECTORY, 0, 0);
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }

  /** Opens a path as seen in the root; the descriptor is the caller's. @throws SystemCallError (`ENOENT`, `ELOOP`, …). */
  open(path: string, flags: number, mode = 0): number {
    return openat2(this.#fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  }

  stat(path: string): Stats | undefined {
    return this.#stat(path, O_PATH);
  }

  /** As `stat`; a link at the end of the path is not followed. */
  lstat(path: string): Stats | undefined {
    return this.#stat(path, O_PATH | constants.O_NOFOLLOW);
  }

  /**
   * Where a path really leads, links followed, as a path inside the root. Undefined when it does not exist.
   * True at the time of asking: it holds while nobody writes to the tree.
   */
  realpath(path: string): string | undefined {
    const fd = unlessMissing(() => this.open(path, O_PATH));
    return fd === undefined ? undefined : closing(fd, () => this.#inside(fd));
  }

  /** Holds a folder by its descriptor, links followed inside the root. Undefined when there is no folder of that name. */
  holdFolder(path: string): HeldFolder | undefined {
    const fd = unlessMissing(() => this.open(path, constants.O_RDONLY | constants.O_DIRECTORY));
    return fd === undefined ? undefined : new HeldFolder(fd);
  }

  /**
   * Reads a regular file in pieces. Undefined when there is no regular file of that name: a FIFO or a device is never opened, so
   * that nothing blocks and no driver is woken.
   *
   * @throws RangeError when the file is longer than `limit` bytes.
   */
  readFile(path: string, limit: number): Buffer | undefined {
    const handle = unlessMissing(() => this.open(path, O_PATH));
    if (handle === undefined) return undefined;
    return closing(handle, () => {
      const stats = fstatSync(handle);
      if (!stats.isFile()) return undefined;
      if (stats.size > limit) throw new RangeError(`${path} is larger than ${limit} bytes`);
      return readWhole(handle, path, limit);
    });
  }

  /**
   * Makes a folder and those above it, and returns the path it really has in the root. Links are followed; one whose target is
   * missing gets its target made.
   *
   * @throws SystemCallError `ENOTDIR` when a part of the path is something else than a folder.
   */
  makeFolders(path: string, mode = 0o755): string {
    let made = "/";
    for (const part of partsOf(path)) made = this.#makeFolder(made, part, mode, MOST_LINKS);
    close(this.open(made, O_PATH | constants.O_DIRECTORY));
    return made;
  }

  /** Makes an empty file, and the folders above it, where nothing is yet. Links are followed. Returns the path it really has. */
  makeFile(path: string, mode = 0o644): string {
    const real = this.realpath(path);
    if (real !== undefined) return real;
    const folder = this.makeFolders(dirname(path));
    const file = join(folder, basename(path));
    close(this.open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOCTTY, mode));
    return this.realpath(file) ?? file;
  }

  /** Sets the mode of what a path leads to. */
  chmod(path: string, mode: number): void {
    const fd = this.open(path, O_PATH);
    closing(fd, () => chmodSync(`/proc/self/fd/${fd}`, mode));
  }

  /**
   * Makes sure that every part of the path is a real folder: what stands in the way (a link, a file, a device) is taken away.
   * For the places where the engine and the runtime put their own things, which no image may lead elsewhere.
   */
  forceFolder(path: string, mode = 0o755): void {
    let parent = "/";
    for (const part of partsOf(path)) {
      const folder = join(parent, part);
      const there = this.lstat(folder);
      if (there?.isDirectory() !== true) {
        this.#withFolder(parent, (fd) => {
          if (there !== undefined) unlinkSync(`/proc/self/fd/${fd}/${part}`);
          checked("mkdirat", mkdirat(fd, part, mode), folder);
        });
      }
      parent = folder;
    }
  }

  /** As `forceFolder`, for a regular file at the end of the path; one that is there keeps its content. @throws when a folder is there. */
  forceFile(path: string, mode = 0o644): void {
    this.forceFolder(dirname(path));
    const there = this.lstat(path);
    if (there?.isFile() === true) return;
    this.#withFolder(dirname(path), (fd) => {
      if (there !== undefined) unlinkSync(`/proc/self/fd/${fd}/${basename(path)}`);
    });
    close(this.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode));
  }

  #makeFolder(parent: string, name: string, mode: number, linksLeft: number): string {
    const path = join(parent, name);
    const real = this.realpath(path);
    if (real !== undefined) return real;
    return this.#withFolder(parent, (fd) => {
      const link = linkTarget(fd, name);
      if (link !== undefined) return this.#makeLinkTarget(parent, link, mode, linksLeft);
      checked("mkdirat", mkdirat(fd, name, mode), path);
      return join(this.#inside(fd), name);
    });
  }

  #makeLinkTarget(parent: string, target: string, mode: number, linksLeft: number): string {
    if (linksLeft === 0) throw new SystemCallError("mkdirat", ELOOP, target);
    let made = target.startsWith("/") ? "/" : parent;
    for (const part of partsOf(target)) made = this.#makeFolder(made, part, mode, linksLeft - 1);
    return made;
  }

  #withFolder<T>(path: string, use: (fd: number) => T): T {
    const fd = this.open(path, O_PATH | constants.O_DIRECTORY);
    return closing(fd, () => use(fd));
  }

  #inside(fd: number): string {
    const root = readlinkSync(`/proc/self/fd/${this.#fd}`);
    const host = readlinkSync(`/proc/self/fd/${fd}`);
    if (host === root) return "/";
    return root === "/" ? host : host.slice(root.length);
  }

  #stat(path: string, flags: number): Stats | undefined {
    const fd = unlessMissing(() => this.open(path, flags));
    return fd === undefined ? undefined : closing(fd, () => fstatSync(fd));
  }
}

/** A folder that stays the same one, whatever its name leads to by now. */
export class HeldFolder implements Disposable {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Names the folder for every thread of this process, until it is let go. The dot makes the end of the path no link. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}/.`;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

const AT_FDCWD = -100;
const EAGAIN = 11;
const EINVAL = 22;
const ELOOP = 40;

function openat2(directory: number, path: string, flags: number, mode: number, resolve: number): number {
  // C would see the path end there.
  if (path.includes("\0")) throw new SystemCallError("openat2", EINVAL, path);
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  for (let attempt = 1; ; attempt++) {
    try {
      return checked("openat2", syscall(SYS_OPENAT2, directory, path, how, how.length), path);
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.errno !== EAGAIN || attempt === MOST_TRIES) throw error;
    }
  }
}

function unlessMissing(open: () => number): number | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof SystemCallError && (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "ELOOP"))
      return undefined;
    throw error;
  }
}

function closing<T>(fd: number, use: () => T): T {
  try {
    return use();
  } finally {
    close(fd);
  }
}

/** Reopens what an O_PATH descriptor names: certainly the same file, whatever its name leads to by now. */
function readWhole(handle: number, path: string, limit: number): Buffer {
  const fd = openat2(AT_FDCWD, `/proc/self/fd/${handle}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY, 0, 0);
  return closing(fd, () => {
    const pieces: Buffer[] = [];
    let total = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(64 * 1024);
      const length = readSync(fd, piece);
      if (length === 0) return Buffer.concat(pieces, total);
      total += length;
      if (total > limit) throw new RangeError(`${path} is larger than ${limit} bytes`);
      pieces.push(piece.subarray(0, length));
    }
  });
}

function linkTarget(parentFd: number, name: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${parentFd}/${name}`);
  } catch {
    return undefined;
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function join(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}
