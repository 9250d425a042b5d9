import { constants, copyFileSync, readlinkSync, type BigIntStats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import { SystemCallError } from "#sys/ffi.ts";
import * as node from "#sys/files/node-file.ts";
import { getXattr, listXattrs, setXattr } from "#sys/files/xattr.ts";
import { OpenFolder } from "./open-folder.ts";

/** Twice as deep as the longest path of a layer can be. */
const DEEPEST = 4096;

/** Copies what is in a folder into another: owners, modes, times, attributes, links between names, devices. Synchronous. */
export function copyFolder(from: BytePath, to: BytePath): void {
  using source = new OpenFolder(from);
  using target = new OpenFolder(to);
  new Copy(target).content(source, target, "", 0);
}

class Copy {
  readonly #root: OpenFolder;
  /** Where the first of several names of a file went, below the root. */
  readonly #firstNames = new Map<string, BytePath>();

  constructor(root: OpenFolder) {
    this.#root = root;
  }

  content(source: OpenFolder, target: OpenFolder, prefix: BytePath, depth: number): void {
    if (depth > DEEPEST) throw new Error("the tree is too deep to be copied");
    for (const { name } of source.entries()) {
      const stats = source.stat(name);
      const path = `${prefix}/${name}`;
      if (this.#linked(stats, path, target.child(name))) continue;
      this.#node(source, target, name, stats);
      if (stats.isDirectory()) {
        using from = source.open(name);
        using to = target.open(name);
        this.content(from, to, path, depth + 1);
      }
      copyLooks(source.child(name), target.child(name), stats);
    }
  }

  #linked(stats: BigIntStats, path: BytePath, target: BytePath): boolean {
    if (stats.nlink < 2n || stats.isDirectory()) return false;
    const identity = `${stats.dev}:${stats.ino}`;
    const first = this.#firstNames.get(identity);
    if (first === undefined) this.#firstNames.set(identity, path);
    else node.makeHardLink(this.#root.child(first.slice(1)), target);
    return first !== undefined;
  }

  #node(source: OpenFolder, target: OpenFolder, name: string, stats: BigIntStats): void {
    const [from, to] = [source.child(name), target.child(name)];
    const mode = Number(stats.mode & 0o777n);
    if (stats.isDirectory()) node.makeFolder(to, mode);
    else if (stats.isSymbolicLink()) node.makeSymlink(linkTarget(from), to);
    else if (stats.isFile()) copyFileSync(bytes(from), bytes(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else if (stats.isSocket()) node.closeDescriptor(node.createFile(to, mode));
    else node.makeSpecial(to, specialType(stats), mode, deviceOf(stats.rdev));
  }
}

function copyLooks(from: BytePath, to: BytePath, stats: BigIntStats): void {
  node.setOwner(to, Number(stats.uid), Number(stats.gid));
  if (!stats.isSymbolicLink()) node.setMode(to, Number(stats.mode & 0o7777n));
  for (const name of listXattrs(from)) copyXattr(from, to, name);
  node.setTimes(to, { seconds: Number(stats.mtimeNs / 1_000_000_000n), nanoseconds: Number(stats.mtimeNs % 1_000_000_000n) });
}

function copyXattr(from: BytePath, to: BytePath, name: string): void {
  const value = getXattr(from, name);
  if (value === undefined) return;
  try {
    setXattr(to, name, value);
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== "ENOTSUP") throw error;
  }
}

function specialType(stats: BigIntStats): node.SpecialNode {
  if (stats.isCharacterDevice()) return "char";
  return stats.isBlockDevice() ? "block" : "fifo";
}

function deviceOf(rdev: bigint): { major: number; minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}

function linkTarget(path: BytePath): BytePath {
  return readlinkSync(bytes(path), { encoding: "buffer" }).toString("latin1");
}

function bytes(path: BytePath): Buffer {
  return cString(path).subarray(0, -1);
}
