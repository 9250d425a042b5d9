import type { BytePath } from "#lib/byte-path.ts";
import { makeSpecial } from "#sys/files/node-file.ts";
import { setXattr } from "#sys/files/xattr.ts";
import type { Budget } from "./budget.ts";
import { inFolder } from "./entry-path.ts";
import { isWhiteout, look, namesIn, removeTree } from "../tree/nodes.ts";

/**
 * How a layer's deletions are written. They are about what lies below the layer, whatever the order of its entries: what the layer
 * itself has at a deleted name stays (OCI image-spec, layer.md).
 */
export interface Whiteouts {
  /** The layer has something at the path now. */
  wrote(path: BytePath): void;
  /** It is a new folder. */
  madeFolder(path: BytePath): void;
  /** The name of a lower layer is gone; the folder it was in exists. */
  deleted(path: BytePath): void;
  /** All that lower layers have in the folder, which exists, is gone. */
  emptied(folder: BytePath): void;
  /** True when what is at the path is our own mark of a deletion. */
  isMark(path: BytePath): boolean;
}

export const OPAQUE = { name: "trusted.overlay.opaque", value: Buffer.from("y") } as const;

/** For an overlay: a device 0:0 for a name, an attribute for a folder. */
export class OverlayWhiteouts implements Whiteouts {
  readonly #budget: Budget;
  readonly #marks = new Set<BytePath>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  wrote(path: BytePath): void {
    this.#marks.delete(path);
  }

  madeFolder(path: BytePath): void {
    // A folder in the place of a deleted one does not show the old content.
    if (this.#marks.delete(path)) this.emptied(path);
  }

  deleted(path: BytePath): void {
    const there = look(path);
    if (there?.isDirectory() === true) this.emptied(path);
    if (there !== undefined) return;
    this.#budget.remember(path);
    makeSpecial(path, "char", 0, { major: 0, minor: 0 });
    this.#marks.add(path);
  }

  emptied(folder: BytePath): void {
    setXattr(folder, OPAQUE.name, OPAQUE.value);
  }

  isMark(path: BytePath): boolean {
    return this.#marks.has(path);
  }
}

/** For a folder that holds a copy of what lies below: the copies go. */
export class PlainWhiteouts implements Whiteouts {
  readonly #budget: Budget;
  readonly #written = new Set<BytePath>();
  /** Once is enough: what lies below only becomes less. */
  readonly #emptied = new Set<BytePath>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  wrote(path: BytePath): void {
    this.#budget.remember(path);
    this.#written.add(path);
  }

  madeFolder(path: BytePath): void {
    this.wrote(path);
  }

  deleted(path: BytePath): void {
    const there = look(path);
    if (there === undefined) return;
    if (!this.#written.has(path)) removeTree(path, there);
    else if (there.isDirectory()) this.emptied(path);
  }

  emptied(folder: BytePath): void {
    if (this.#emptied.has(folder)) return;
    this.#budget.remember(folder);
    this.#emptied.add(folder);
    for (const name of namesIn(folder)) this.deleted(inFolder(folder, name));
  }

  isMark(): boolean {
    return false;
  }
}

/** A hard link to one of our marks would be a deletion without a whiteout: the same as a device 0:0 in the archive. */
export function isForgedWhiteout(path: BytePath): boolean {
  const stats = look(path);
  return stats !== undefined && isWhiteout(stats);
}
