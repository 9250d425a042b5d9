import type { BigIntStats } from "node:fs";
import type { BytePath } from "#lib/byte-path.ts";
import { getXattr } from "#sys/files/xattr.ts";
import { isWhiteout } from "../tree/nodes.ts";
import type { OpenFolder } from "../tree/open-folder.ts";
import { OPAQUE } from "../unpack/whiteouts.ts";
import type { TreeDiff } from "./contract.ts";

/** Each level holds two descriptors and a frame of the stack. */
const DEEPEST = 1000;

/** A node of the changed tree. */
export interface ChangedNode {
  /** `/etc/passwd`. */
  readonly path: BytePath;
  readonly name: string;
  /** The folder it is in. */
  readonly folder: OpenFolder;
  readonly stats: BigIntStats;
  readonly kind: "added" | "modified" | "same";
  /** A folder that hides all that is below it. */
  readonly emptied: boolean;
}

export interface DiffVisitor {
  /** A folder is told of before what is in it. @returns called when all that is in it was told of. */
  node(node: ChangedNode): (() => void) | undefined;
  /** A name of what lies below is gone. @param emptied with all that the folder had; the folder was told of so. */
  deleted(path: BytePath, emptied: boolean): void;
}

export interface OpenDiff {
  readonly kind: TreeDiff["kind"];
  readonly changed: OpenFolder;
  readonly below: OpenFolder | undefined;
  readonly own: ReadonlySet<BytePath>;
  /** As in `TreeDiff`. */
  readonly sameInodes: boolean;
}

/** Tells a visitor of everything that was changed, in order of the names. The tree may go on changing. */
export function walkDiff(diff: OpenDiff, visitor: DiffVisitor): void {
  new Walk(diff, visitor).folder(diff.changed, diff.below, "", 0);
}

class Walk {
  readonly #diff: OpenDiff;
  readonly #visitor: DiffVisitor;

  constructor(diff: OpenDiff, visitor: DiffVisitor) {
    this.#diff = diff;
    this.#visitor = visitor;
  }

  folder(changed: OpenFolder, below: OpenFolder | undefined, prefix: BytePath, depth: number): void {
    if (depth > DEEPEST) throw new Error("a container's folders are nested too deep");
    const names = namesOf(changed);
    const gone = this.#diff.kind === "copy" && below !== undefined ? namesOf(below).filter((name) => !names.includes(name)) : [];
    for (const name of [...names, ...gone].toSorted()) this.#child(changed, below, name, `${prefix}/${name}`, depth);
  }

  #child(changed: OpenFolder, below: OpenFolder | undefined, name: string, path: BytePath, depth: number): void {
    const stats = lookIn(changed, name);
    const old = below === undefined ? undefined : lookIn(below, name);
    if (stats === undefined || isWhiteout(stats)) {
      if (old !== undefined) this.#visitor.deleted(path, false);
      return;
    }
    if (old === undefined && this.#isOwn(changed, name, path, stats)) return;
    const kind = old === undefined ? "added" : this.#isDifferent(old, stats) ? "modified" : "same";
    if (!stats.isDirectory()) {
      if (kind !== "same" || this.#diff.kind === "overlay") this.#tell({ path, name, folder: changed, stats, kind, emptied: false });
      return;
    }
    const emptied = this.#diff.kind === "overlay" && isOpaque(changed.child(name));
    const end = this.#tell({ path, name, folder: changed, stats, kind, emptied });
    const hidden = old?.isDirectory() === true ? below : undefined;
    this.#inside(changed, hidden, name, path, depth, emptied);
    end?.();
  }

  #isDifferent(old: BigIntStats, stats: BigIntStats): boolean {
    return this.#diff.sameInodes && !stats.isDirectory() ? old.ino !== stats.ino : isDifferent(old, stats);
  }

  #tell(node: ChangedNode): (() => void) | undefined {
    return this.#visitor.node(node);
  }

  #inside(changed: OpenFolder, below: OpenFolder | undefined, name: string, path: BytePath, depth: number, emptied: boolean): void {
    using inner = openIn(changed, name);
    if (inner === undefined) return;
    using old = below === undefined ? undefined : openIn(below, name);
    if (emptied && old !== undefined) this.#emptied(inner, old, path);
    this.folder(inner, emptied ? undefined : old, path, depth + 1);
  }

  /** What was there and is not there again. */
  #emptied(changed: OpenFolder, below: OpenFolder, path: BytePath): void {
    const names = new Set(namesOf(changed));
    for (const name of namesOf(below)) if (!names.has(name)) this.#visitor.deleted(`${path}/${name}`, true);
  }

  /** What the engine put there for every container, as long as it is nothing but that. */
  #isOwn(folder: OpenFolder, name: string, path: BytePath, stats: BigIntStats): boolean {
    if (!this.#diff.own.has(path)) return false;
    if (!stats.isDirectory()) return stats.isSymbolicLink() || (stats.isFile() && stats.size === 0n);
    using inner = openIn(folder, name);
    return inner === undefined || namesOf(inner).every((child) => this.#isOwnChild(inner, child, `${path}/${child}`));
  }

  #isOwnChild(folder: OpenFolder, name: string, path: BytePath): boolean {
    const stats = lookIn(folder, name);
    return stats === undefined || this.#isOwn(folder, name, path, stats);
  }
}

/** Also of folders: their size and time tell of other things. */
function isDifferent(old: BigIntStats, stats: BigIntStats): boolean {
  if (old.mode !== stats.mode || old.uid !== stats.uid || old.gid !== stats.gid || old.rdev !== stats.rdev) return true;
  return !stats.isDirectory() && (old.mtimeNs !== stats.mtimeNs || old.size !== stats.size);
}

function isOpaque(path: BytePath): boolean {
  return getXattr(path, OPAQUE.name)?.equals(OPAQUE.value) === true;
}

function namesOf(folder: OpenFolder): string[] {
  return folder.entries().map(({ name }) => name);
}

function lookIn(folder: OpenFolder, name: string): BigIntStats | undefined {
  return unlessGone(() => folder.stat(name));
}

function openIn(folder: OpenFolder, name: string): OpenFolder | undefined {
  return unlessGone(() => folder.open(name));
}

function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ELOOP"].includes(String(error.code))) return undefined;
    throw error;
  }
}
