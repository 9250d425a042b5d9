import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { shownPath, type BytePath } from "#lib/byte-path.ts";
import { SystemCallError } from "#sys/ffi.ts";
import * as node from "#sys/files/node-file.ts";
import type { FileTime } from "#lib/file-time.ts";
import { setXattr, setXattrOf } from "#sys/files/xattr.ts";
import { isFullDisk } from "../full-disk.ts";
import { look, removeTree } from "../tree/nodes.ts";
import type { Budget } from "../unpack/budget.ts";
import { cleanPath, isTooLong, parentOf, ROOT } from "../unpack/entry-path.ts";
import type { TarEntry, TarSink } from "#lib/tar/entry.ts";
import type { Owners } from "./owners.ts";
import { forEachXattr } from "../unpack/xattr-policy.ts";

/** A missing folder, then something in the way behind it. */
const MOST_TRIES = 3;
const SPECIAL_BITS = 0o7000;
const IMPLIED_MODE = 0o755;

export interface CopyOptions {
  readonly budget: Budget;
  /** The folder that is written into, for messages. */
  readonly shownFolder: string;
  readonly keepKinds: boolean;
  readonly owner: { readonly user: number; readonly group: number } | undefined;
  readonly owners: Owners;
}

/**
 * Writes the entries of an archive below the working folder, in the way of `docker cp`: folders are merged, everything else is
 * replaced. Names are looked up by the kernel in the thread's root; what is made is made anew (`O_EXCL`), so that nothing is written
 * through a link or a device that stood there.
 */
export class CopyWriter implements TarSink {
  readonly #options: CopyOptions;
  /** Writing into a folder changes its time, so all times are set at the end. */
  readonly #times = new Map<BytePath, FileTime>();
  #open: { readonly fd: number; readonly entry: TarEntry } | undefined;

  constructor(options: CopyOptions) {
    this.#options = options;
  }

  entry(entry: TarEntry): void {
    this.#open = undefined;
    this.#options.budget.entry();
    try {
      this.#write(entry, pathOf(entry));
    } catch (error) {
      throw entryError(entry.path, error);
    }
  }

  data(bytes: Uint8Array): void {
    if (this.#open === undefined) return;
    node.writeFully(this.#open.fd, bytes);
    this.#options.budget.wrote(bytes.length);
  }

  end(): void {
    if (this.#open === undefined) return;
    const { fd, entry } = this.#open;
    try {
      const { user, group } = this.#ownerOf(entry);
      node.setOwnerOf(fd, user, group);
      // chown drops setuid and setgid.
      if ((entry.mode & SPECIAL_BITS) !== 0) node.setModeOf(fd, entry.mode);
      forEachXattr(entry, (name, value) => {
        setXattrOf(fd, name, value);
      });
      node.setTimesOf(fd, entry.modified);
    } catch (error) {
      throw entryError(entry.path, error);
    }
    this.abort();
  }

  /** The archive has ended well. */
  finish(): void {
    for (const [path, time] of this.#times) if (look(path)?.isDirectory() === true) node.setTimes(path, time);
  }

  /** Closes what is open. */
  abort(): void {
    if (this.#open !== undefined) node.closeDescriptor(this.#open.fd);
    this.#open = undefined;
  }

  #write(entry: TarEntry, path: BytePath): void {
    // The folder itself keeps its looks.
    if (path === ROOT && entry.type === "folder") return;
    if (path === ROOT) throw refusal(entry.path, "it would take the place of the folder that is copied into");
    if (isTooLong(path)) throw refusal(entry.path, "its path is too long");
    const there = look(path);
    if (there !== undefined) this.#checkKind(entry, path, there.isDirectory());
    const merges = there?.isDirectory() === true && entry.type === "folder";
    if (there !== undefined && !merges) removeTree(path, there);
    if (entry.type === "folder") this.#folder(entry, path, merges);
    else this.#node(entry, path);
  }

  #checkKind({ type }: TarEntry, path: BytePath, isFolder: boolean): void {
    if (!this.#options.keepKinds || isFolder === (type === "folder")) return;
    const [was, is] = isFolder ? ["directory", "non-directory"] : ["non-directory", "directory"];
    const [name, folder] = [JSON.stringify(shownPath(path)), JSON.stringify(this.#options.shownFolder)];
    throw new EngineError("conflict", `cannot overwrite ${was} ${name} with ${is} ${folder}`);
  }

  #folder(entry: TarEntry, path: BytePath, exists: boolean): void {
    if (!exists) this.#place(path, () => node.makeFolder(path, entry.mode & 0o777));
    const { user, group } = this.#ownerOf(entry);
    node.setOwner(path, user, group);
    node.setMode(path, entry.mode);
    forEachXattr(entry, (name, value) => {
      setXattr(path, name, value);
    });
    if (!this.#times.has(path)) this.#options.budget.remember(path);
    this.#times.set(path, entry.modified);
  }

  #node(entry: TarEntry, path: BytePath): void {
    switch (entry.type) {
      case "file":
        this.#open = { fd: this.#place(path, () => node.createFile(path, entry.mode & 0o777)), entry };
        return;
      case "symlink":
        this.#place(path, () => node.makeSymlink(entry.target, path));
        this.#dress(entry, path);
        return;
      case "hardlink":
        this.#hardLink(entry, path);
        return;
      case "char":
      case "block":
      case "fifo":
        this.#special(entry, entry.type, path);
        return;
      case "folder":
        throw new Error("a folder is not made here");
    }
  }

  /** The name it leads to is the archive's, below the same folder. */
  #hardLink(entry: TarEntry, path: BytePath): void {
    const target = cleanPath(entry.target);
    if (target === undefined || target === ROOT) throw refusal(entry.path, "its link leads out of the folder that is copied into");
    this.#place(path, () => node.makeHardLink(target, path));
  }

  #special(entry: TarEntry, type: node.SpecialNode, path: BytePath): void {
    // An overlay takes it for a deletion.
    if (type === "char" && entry.major === 0 && entry.minor === 0) throw refusal(entry.path, "a character device 0:0 is not allowed");
    const device = type === "fifo" ? { major: 0, minor: 0 } : entry;
    this.#place(path, () => node.makeSpecial(path, type, entry.mode & 0o777, device));
    this.#dress(entry, path);
    if ((entry.mode & SPECIAL_BITS) !== 0) node.setMode(path, entry.mode);
  }

  #dress(entry: TarEntry, path: BytePath): void {
    const { user, group } = this.#ownerOf(entry);
    node.setOwner(path, user, group);
    node.setTimes(path, entry.modified);
  }

  #ownerOf(entry: TarEntry): { user: number; group: number } {
    const { user: uid, group: gid } = this.#options.owner ?? entry;
    const owner = this.#options.owners.outside({ uid, gid });
    if (owner === undefined) throw refusal(entry.path, `the container has no user ${uid}:${gid}`);
    return { user: owner.uid, group: owner.gid };
  }

  /** Tries first and looks when that fails: nearly always the folder is there and the name is free. */
  #place<T>(path: BytePath, make: () => T): T {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#options.owners.making(make);
      } catch (error) {
        if (!(error instanceof SystemCallError) || attempt === MOST_TRIES) throw error;
        if (error.code === "ENOENT") this.#options.owners.making(() => ensureFolder(parentOf(path)));
        else if (error.code === "EEXIST") removeWhatStandsAt(path);
        else throw error;
      }
    }
  }
}

/** Folders that the archive does not list are root's. Links on the way are followed, inside the root. */
function ensureFolder(path: BytePath): void {
  if (path === ROOT) return;
  try {
    node.makeFolder(path, IMPLIED_MODE);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    if (error.code === "EEXIST") return;
    if (error.code !== "ENOENT") throw error;
    ensureFolder(parentOf(path));
    node.makeFolder(path, IMPLIED_MODE);
  }
}

/** Somebody made it meanwhile. */
function removeWhatStandsAt(path: BytePath): void {
  const there = look(path);
  if (there !== undefined) removeTree(path, there);
}

function pathOf(entry: TarEntry): BytePath {
  const path = cleanPath(entry.path);
  if (path === undefined) throw new EngineError("invalid", `invalid entry name ${JSON.stringify(shownPath(entry.path).slice(0, 200))}`);
  return path;
}

function refusal(path: BytePath, reason: string): EngineError {
  return new EngineError("invalid", `${JSON.stringify(shownPath(path).slice(0, 200))}: ${reason}`);
}

/** What is the archive's, or the container's, doing: the host is well. */
const REASONS: Readonly<Record<string, readonly ["invalid" | "conflict", string]>> = {
  EBUSY: ["conflict", "device or resource busy"],
  EROFS: ["invalid", "read-only file system"],
  ENOTDIR: ["invalid", "not a directory"],
  ELOOP: ["invalid", "too many levels of symbolic links"],
  ENOENT: ["invalid", "no such file or directory"],
  EEXIST: ["conflict", "file exists"],
  ENAMETOOLONG: ["invalid", "file name too long"],
  EXDEV: ["invalid", "invalid cross-device link"],
  EPERM: ["invalid", "operation not permitted"],
  EISDIR: ["invalid", "is a directory"],
  ENOTEMPTY: ["conflict", "directory not empty"],
  EOVERFLOW: ["invalid", "value too large for defined data type"],
  EINVAL: ["invalid", "invalid argument"],
};

function entryError(path: BytePath, error: unknown): unknown {
  if (isEngineError(error) || isFullDisk(error) || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  if (known === undefined) return error;
  return new EngineError(known[0], `${shownPath(path).slice(0, 200)}: ${known[1]}`, { cause: error });
}
