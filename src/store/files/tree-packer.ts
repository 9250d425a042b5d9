import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, type BigIntStats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import type { PackedEntry, TarWriter } from "../tar/tar-writer.ts";
import type { Owners } from "./owners.ts";
import { entryOf } from "./packed-entry.ts";

const O_RDONLY_SAFELY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What a layer's maker does beside: see `LayerCopy`. */
export interface PackListener {
  file(path: BytePath, stats: BigIntStats): { write(bytes: Uint8Array): void; end(): void };
}

/**
 * Packs what is at paths of the current root. Somebody may be changing it meanwhile: what is opened is looked at once more when it is
 * open, nothing is opened that could block or wake a driver (the view has no devices), and what disappears is left out.
 */
export class TreePacker {
  readonly #tar: TarWriter;
  readonly #owners: Owners;
  /** Names in the archive of files that have several. */
  readonly #firstNames = new Map<bigint, BytePath>();

  constructor(tar: TarWriter, owners: Owners) {
    this.#tar = tar;
    this.#owners = owners;
  }

  /** Packs a node and all below it. @param name in the archive; empty to leave the folder itself out. */
  tree(path: BytePath, name: BytePath): void {
    const stats = lookUnlessGone(path);
    if (stats !== undefined) this.#tree(path, name, stats);
  }

  #tree(path: BytePath, name: BytePath, stats: BigIntStats): void {
    if (name !== "") this.node(path, name, stats);
    if (!stats.isDirectory()) return;
    for (const child of namesIn(path)) {
      const childPath = path === "/" ? `/${child}` : `${path}/${child}`;
      const childStats = lookUnlessGone(childPath);
      if (childStats !== undefined) this.#tree(childPath, inArchive(name, child), childStats);
    }
  }

  /** Packs one node. @returns false for what has no place in an archive, or is gone. */
  node(path: BytePath, name: BytePath, stats: BigIntStats, listener?: PackListener): boolean {
    const first = this.#firstName(stats);
    if (first !== undefined) {
      this.#tar.entry({ ...this.#entry(path, name, stats), type: "hardlink", target: first, size: 0 });
      return true;
    }
    const packed = stats.isFile() ? this.#file(path, name, stats, listener) : this.#special(path, name, stats);
    if (packed) this.#remember(stats, name);
    return packed;
  }

  #entry(path: BytePath, name: BytePath, stats: BigIntStats): PackedEntry {
    const entry = entryOf(path, name, stats);
    const { uid: user, gid: group } = this.#owners.inside({ uid: entry.user, gid: entry.group });
    return { ...entry, user, group };
  }

  #firstName(stats: BigIntStats): BytePath | undefined {
    return stats.nlink < 2n || stats.isDirectory() ? undefined : this.#firstNames.get((stats.dev << 64n) | stats.ino);
  }

  #remember(stats: BigIntStats, name: BytePath): void {
    if (stats.nlink >= 2n && !stats.isDirectory()) this.#firstNames.set((stats.dev << 64n) | stats.ino, name);
  }

  #special(path: BytePath, name: BytePath, stats: BigIntStats): boolean {
    // No archive can hold a socket; Docker leaves them out, too.
    if (stats.isSocket()) return false;
    this.#tar.entry(this.#entry(path, name, stats));
    return true;
  }

  #file(path: BytePath, name: BytePath, looked: BigIntStats, listener: PackListener | undefined): boolean {
    const fd = openUnlessGone(path);
    if (fd === undefined) return false;
    try {
      const stats = fstatSync(fd, { bigint: true });
      if (!stats.isFile() || stats.ino !== looked.ino) return false;
      this.#tar.entry(this.#entry(path, name, stats));
      this.#content(fd, Number(stats.size), listener?.file(path, stats));
      return true;
    } finally {
      closeSync(fd);
    }
  }

  #content(fd: number, size: number, copy: ReturnType<PackListener["file"]> | undefined): void {
    for (let left = size; left > 0;) {
      const room = this.#tar.room(left);
      const length = readSync(fd, room, 0, room.length, null);
      if (length === 0) {
        this.#tar.zeros(left);
        break;
      }
      copy?.write(room.subarray(0, length));
      this.#tar.filled(length);
      left -= length;
    }
    copy?.end();
    this.#tar.pad(size);
  }
}

function inArchive(folder: BytePath, name: string): BytePath {
  if (folder === "") return name;
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

function lookUnlessGone(path: BytePath): BigIntStats | undefined {
  return unlessGone(() => lstatSync(bytes(path), { bigint: true }));
}

/** In order of their bytes. */
function namesIn(path: BytePath): string[] {
  return (unlessGone(() => readdirSync(bytes(path), { encoding: "buffer" })) ?? []).map((name) => name.toString("latin1")).sort();
}

function openUnlessGone(path: BytePath): number | undefined {
  return unlessGone(() => openSync(bytes(path), O_RDONLY_SAFELY));
}

/** `ELOOP`: a link by now; `ENXIO` and `EACCES`: a FIFO, a device. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EACCES"].includes(String(error.code)))
      return undefined;
    throw error;
  }
}

function bytes(path: BytePath): Buffer {
  return cString(path).subarray(0, -1);
}
