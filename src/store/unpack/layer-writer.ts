import type { TreeBeneath } from "#sys/files/beneath.ts";
import type { BytePath } from "#lib/byte-path.ts";
import { SystemCallError } from "#sys/ffi.ts";
import * as node from "#sys/files/node-file.ts";
import { setXattr, setXattrOf } from "#sys/files/xattr.ts";
import type { WhiteoutForm } from "../snapshots/contract.ts";
import type { Budget } from "./budget.ts";
import { cleanPath, isTooLong, parentOf, ROOT } from "./entry-path.ts";
import { Folders } from "./folders.ts";
import { entryError, refusal } from "./refusal.ts";
import type { TarEntry, TarSink } from "#lib/tar/entry.ts";
import { look, removeTree } from "../tree/nodes.ts";
import { LINK_STORE, meaningOf } from "./whiteout.ts";
import { isForgedWhiteout, OverlayWhiteouts, PlainWhiteouts, type Whiteouts } from "./whiteouts.ts";
import { forEachXattr } from "./xattr-policy.ts";

/** A missing folder, then something in the way behind it. */
const MOST_TRIES = 3;
const SPECIAL_BITS = 0o7000;

/**
 * Writes the entries of a layer into the current root, which is the layer's folder. Every name is made anew (`O_EXCL`, and what was
 * there is removed first), so that nothing is ever written, owned or opened through a link, a device or another name of a file.
 */
export class LayerWriter implements TarSink {
  readonly #budget: Budget;
  readonly #whiteouts: Whiteouts;
  readonly #folders: Folders;
  #open: { readonly fd: number; readonly entry: TarEntry; readonly path: BytePath } | undefined;

  constructor(options: { whiteouts: WhiteoutForm; budget: Budget; below: TreeBeneath | undefined }) {
    const { budget, below } = options;
    this.#budget = budget;
    this.#whiteouts = options.whiteouts === "overlay" ? new OverlayWhiteouts(budget) : new PlainWhiteouts(budget);
    this.#folders = new Folders({ whiteouts: this.#whiteouts, budget, below, startsEmpty: options.whiteouts === "overlay" });
  }

  entry(entry: TarEntry): void {
    this.#budget.entry();
    try {
      this.#write(entry, placeOf(entry));
    } catch (error) {
      throw entryError(entry.path, error);
    }
  }

  data(bytes: Uint8Array): void {
    if (this.#open === undefined) return;
    node.writeFully(this.#open.fd, bytes);
    this.#budget.wrote(bytes.length);
  }

  end(): void {
    if (this.#open === undefined) return;
    const { fd, entry, path } = this.#open;
    try {
      const isRoots = entry.user === 0 && entry.group === 0 && !this.#folders.groupsAreInherited;
      if (!isRoots) node.setOwnerOf(fd, entry.user, entry.group);
      // chown drops setuid and setgid.
      if ((entry.mode & SPECIAL_BITS) !== 0) node.setModeOf(fd, entry.mode);
      forEachXattr(entry, (name, value) => {
        setXattrOf(fd, name, value);
      });
      node.setTimesOf(fd, entry.modified);
    } catch (error) {
      throw entryError(path, error);
    }
    this.abort();
  }

  /** The archive has ended well. */
  finish(): void {
    const linkStore = look(LINK_STORE);
    if (linkStore !== undefined) this.#clear(LINK_STORE);
    this.#folders.finish();
  }

  /** Closes what is open. */
  abort(): void {
    if (this.#open !== undefined) node.closeDescriptor(this.#open.fd);
    this.#open = undefined;
  }

  #write(entry: TarEntry, path: BytePath | undefined): void {
    this.#open = undefined;
    if (path === undefined) throw refusal(entry.path, "its path leads out of the layer");
    if (isTooLong(path)) throw refusal(entry.path, "its path is too long");
    const meaning = meaningOf(path);
    switch (meaning.kind) {
      case "content":
        this.#content(entry, path);
        return;
      case "deleted":
        this.#folders.ensure(parentOf(meaning.path));
        this.#whiteouts.deleted(meaning.path);
        return;
      case "emptied":
        this.#whiteouts.emptied(this.#folders.ensure(meaning.folder));
        return;
      case "skipped":
        return;
      case "refused":
        throw refusal(entry.path, meaning.reason);
    }
  }

  #content(entry: TarEntry, path: BytePath): void {
    if (entry.type === "folder") {
      this.#folder(entry, path);
      return;
    }
    if (path === ROOT) throw refusal(entry.path, "the root is a folder");
    this.#node(entry, path);
    this.#whiteouts.wrote(path);
  }

  #node(entry: TarEntry, path: BytePath): void {
    switch (entry.type) {
      case "file":
        this.#open = { fd: this.#place(path, () => node.createFile(path, entry.mode & 0o777)), entry, path };
        return;
      case "symlink":
        this.#place(path, () => {
          node.makeSymlink(entry.target, path);
        });
        this.#ownerAndTimes(entry, path);
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

  #folder(entry: TarEntry, path: BytePath): void {
    const there = path === ROOT ? undefined : look(path);
    if (there !== undefined && !there.isDirectory()) this.#clear(path, { keepMark: true });
    if (path === ROOT || there?.isDirectory() === true) {
      this.#whiteouts.wrote(path);
      this.#folders.dress(path, entry);
    } else {
      this.#place(path, () => {
        this.#folders.make(path, entry);
      });
    }
    forEachXattr(entry, (name, value) => {
      setXattr(path, name, value);
    });
  }

  #hardLink(entry: TarEntry, path: BytePath): void {
    const target = cleanPath(entry.target);
    if (target === undefined || target === ROOT) throw refusal(entry.path, "its link leads out of the layer");
    // Linked to itself it would be removed to make room.
    if (target === path && look(path) !== undefined) return;
    this.#place(path, () => {
      node.makeHardLink(target, path);
    });
    if (isForgedWhiteout(path)) throw refusal(entry.path, "it is a link to a whiteout");
  }

  #special(entry: TarEntry, type: node.SpecialNode, path: BytePath): void {
    if (type === "char" && entry.major === 0 && entry.minor === 0) throw refusal(entry.path, "a character device 0:0 is not allowed");
    this.#place(path, () => {
      node.makeSpecial(path, type, entry.mode & 0o777, type === "fifo" ? { major: 0, minor: 0 } : entry);
    });
    this.#ownerAndTimes(entry, path);
    if ((entry.mode & SPECIAL_BITS) !== 0) node.setMode(path, entry.mode);
  }

  #ownerAndTimes(entry: TarEntry, path: BytePath): void {
    node.setOwner(path, entry.user, entry.group);
    node.setTimes(path, entry.modified);
  }

  /** Tries first and looks when that fails: nearly always the folder is there and the name is free. */
  #place<T>(path: BytePath, make: () => T): T {
    for (let attempt = 1; ; attempt++) {
      try {
        return make();
      } catch (error) {
        if (!(error instanceof SystemCallError) || attempt === MOST_TRIES) throw error;
        this.#makeRoom(path, error);
      }
    }
  }

  #makeRoom(path: BytePath, error: SystemCallError): void {
    if (error.code === "EEXIST") this.#clear(path);
    else if (error.code === "ENOENT" || error.code === "ENOTDIR") this.#folders.ensure(parentOf(path));
    else throw error;
  }

  #clear(path: BytePath, options: { keepMark?: boolean } = {}): void {
    const there = look(path);
    if (there === undefined) return;
    removeTree(path, there);
    if (options.keepMark !== true) this.#whiteouts.wrote(path);
  }
}

function placeOf(entry: TarEntry): BytePath | undefined {
  return cleanPath(entry.path);
}
