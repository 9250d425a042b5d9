import { constants, copyFileSync, lstatSync, readlinkSync, type BigIntStats } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { cString, shownPath, type BytePath } from "#lib/byte-path.ts";
import { SystemCallError } from "#sys/ffi.ts";
import * as node from "#sys/files/node-file.ts";
import { getXattr, hasXattrs, listXattrs, setXattr } from "#sys/files/xattr.ts";
import type { OpenFolder } from "#store/tree/open-folder.ts";
import { keepsXattr } from "#store/unpack/xattr-policy.ts";
import { isWhiteout } from "#store/tree/nodes.ts";
import type { TargetTree } from "./target-tree.ts";

const DEEPEST = 1000;

export interface NodeCopierOptions {
  readonly target: TargetTree;
  readonly asRoot: boolean;
  readonly excluded: (path: BytePath) => boolean;
  readonly cancelled: () => void;
}

/**
 * Copies nodes from one folder into another by their names alone: no link is crossed on either side, and whatever a name stands for in the
 * target is removed and made anew, so that nothing is written through it. Folders are merged, as BuildKit merges them.
 */
export class NodeCopier {
  readonly #options: NodeCopierOptions;
  /** Where the first of several names of a file went. */
  readonly #firstNames = new Map<string, BytePath>();

  constructor(options: NodeCopierOptions) {
    this.#options = options;
  }

  /** What is in a folder, without the folder. @param prefix its path below the source. */
  content(source: OpenFolder, target: OpenFolder, prefix: BytePath, depth = 0): void {
    if (depth > DEEPEST) throw new EngineError("invalid", "folders are nested too deep to be copied");
    for (const { name } of source.entries()) {
      this.#options.cancelled();
      const path = prefix === "" ? name : `${prefix}/${name}`;
      const stats = source.stat(name);
      if (!stats.isDirectory()) {
        if (!this.#options.excluded(path)) this.node(source, name, target, name);
      } else if (!this.#options.excluded(path) || this.#keepsSomething(source, name, path, depth)) {
        this.#folder(source, target, name, path, depth);
      }
    }
  }

  /** Anything but a folder. */
  node(source: OpenFolder, name: string, target: OpenFolder, targetName: BytePath): void {
    const stats = source.stat(name);
    if (stats.isSocket() || isWhiteout(stats)) return;
    NodeCopier.makeRoom(target, targetName);
    const [from, to] = [source.child(name), target.child(targetName)];
    if (this.#linked(stats, to)) return;
    if (stats.isSymbolicLink()) this.#link(from, to, stats);
    else if (stats.isFile()) this.#file(from, to, stats);
    else this.#special(to, stats);
    if (stats.nlink > 1n) this.#firstNames.set(identityOf(stats), lastingName(target, targetName));
  }

  dressFolder(from: BytePath, to: BytePath): void {
    this.#dress(from, to, lstatSync(cString(from).subarray(0, -1), { bigint: true }));
  }

  /** @throws EngineError `invalid` where a folder is in the way. */
  static makeRoom(target: OpenFolder, name: BytePath): void {
    const there = statUnlessMissing(target, name);
    if (there === undefined) return;
    if (there.isDirectory()) throw new EngineError("invalid", `cannot replace to directory ${shownPath(name)} with file`);
    node.removeFile(target.child(name));
  }

  #folder(source: OpenFolder, target: OpenFolder, name: string, path: BytePath, depth: number): void {
    const there = statUnlessMissing(target, name);
    if (there !== undefined && !there.isDirectory()) throw new EngineError("invalid", `cannot copy to non-directory: ${shownPath(path)}`);
    if (there === undefined) node.makeFolder(target.child(name), 0o755);
    {
      using from = source.open(name);
      using to = target.open(name);
      this.content(from, to, path, depth + 1);
    }
    this.#dress(source.child(name), target.child(name), source.stat(name));
  }

  /** A folder that is excluded, and has in it what a later pattern brings back. */
  #keepsSomething(source: OpenFolder, name: string, path: BytePath, depth: number): boolean {
    if (depth > DEEPEST) return false;
    using folder = source.open(name);
    return folder.entries().some(({ name: child, isFolder }) => {
      const childPath = `${path}/${child}`;
      return !this.#options.excluded(childPath) || (isFolder && this.#keepsSomething(folder, child, childPath, depth + 1));
    });
  }

  #linked(stats: BigIntStats, to: BytePath): boolean {
    const first = stats.nlink < 2n ? undefined : this.#firstNames.get(identityOf(stats));
    if (first !== undefined) node.makeHardLink(first, to);
    return first !== undefined;
  }

  #link(from: BytePath, to: BytePath, stats: BigIntStats): void {
    node.makeSymlink(readlinkSync(cString(from).subarray(0, -1), { encoding: "buffer" }).toString("latin1"), to);
    const { user, group, time } = this.#options.target.looksOf(stats, this.#options.asRoot);
    node.setOwner(to, user, group);
    node.setTimes(to, time);
  }

  #file(from: BytePath, to: BytePath, stats: BigIntStats): void {
    copyFileSync(cString(from).subarray(0, -1), cString(to).subarray(0, -1), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    this.#dress(from, to, stats);
  }

  #special(to: BytePath, stats: BigIntStats): void {
    const type = stats.isCharacterDevice() ? "char" : stats.isBlockDevice() ? "block" : "fifo";
    const major = Number(((stats.rdev >> 8n) & 0xfffn) | ((stats.rdev >> 32n) & 0xffff_f000n));
    const minor = Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xffff_ff00n));
    node.makeSpecial(to, type, Number(stats.mode & 0o777n), { major, minor });
    this.#dress(undefined, to, stats);
  }

  #dress(from: BytePath | undefined, to: BytePath, stats: BigIntStats): void {
    const { user, group, mode, time } = this.#options.target.looksOf(stats, this.#options.asRoot);
    // chown drops setuid and setgid, and file capabilities.
    node.setOwner(to, user, group);
    node.setMode(to, mode);
    if (from !== undefined) copyXattrs(from, to);
    node.setTimes(to, time);
  }
}

function copyXattrs(from: BytePath, to: BytePath): void {
  if (!hasXattrs(from)) return;
  for (const name of listXattrs(from).filter(keepsXattr)) {
    const value = getXattr(from, name);
    if (value !== undefined) setXattr(to, name, value);
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** A name by which the file can be found when the folder is not open any more. */
function lastingName(folder: OpenFolder, name: BytePath): BytePath {
  const link = cString(folder.child("")).subarray(0, -2);
  return `${readlinkSync(link, { encoding: "buffer" }).toString("latin1")}/${name}`;
}

function statUnlessMissing(folder: OpenFolder, name: string): BigIntStats | undefined {
  try {
    return folder.stat(name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    if (error instanceof SystemCallError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
