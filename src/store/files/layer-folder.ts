import { readlinkSync, type BigIntStats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import * as node from "#sys/files/node-file.ts";
import type { FileTime } from "#lib/file-time.ts";
import { getXattr, hasXattrs, listXattrs, setXattr, setXattrOf } from "#sys/files/xattr.ts";
import type { OpenFolder } from "../tree/open-folder.ts";
import { keepsXattr } from "../unpack/xattr-policy.ts";
import { OPAQUE } from "../unpack/whiteouts.ts";
import type { ChangedNode } from "./diff-walk.ts";
import { entryOf } from "./packed-entry.ts";

/** The folder of a layer, as an overlay reads it, being filled along with the archive. */
export class LayerFolder {
  readonly #root: OpenFolder;
  readonly #open: OpenFolder[];
  /** Where the first of several names of a file went, below the root. */
  readonly #firstNames = new Map<string, BytePath>();

  constructor(root: OpenFolder) {
    this.#root = root;
    this.#open = [root];
  }

  /** @returns to be called when all in it is there. */
  enter({ name, stats, folder, emptied }: ChangedNode): () => void {
    const parent = this.#here;
    const target = parent.child(name);
    node.makeFolder(target, Number(stats.mode & 0o777n));
    this.#open.push(parent.open(name));
    return () => {
      this.#open.pop()?.[Symbol.dispose]();
      copyXattrs(folder.child(name), (key, value) => {
        setXattr(target, key, value);
      });
      if (emptied) setXattr(target, OPAQUE.name, OPAQUE.value);
      dress(target, stats);
    };
  }

  deleted(path: BytePath): void {
    const parent = this.#here;
    const name = path.slice(path.lastIndexOf("/") + 1);
    node.makeSpecial(parent.child(name), "char", 0, { major: 0, minor: 0 });
  }

  /** Another name of a file that is there already. */
  link({ name, stats }: ChangedNode): boolean {
    const first = stats.nlink < 2n ? undefined : this.#firstNames.get(identityOf(stats));
    if (first !== undefined) node.makeHardLink(this.#root.child(first.slice(1)), this.#here.child(name));
    return first !== undefined;
  }

  remember({ path, stats }: ChangedNode): void {
    if (stats.nlink >= 2n) this.#firstNames.set(identityOf(stats), path);
  }

  file({ name, folder }: ChangedNode, stats: BigIntStats): { write(bytes: Uint8Array): void; end(): void } {
    const fd = node.createFile(this.#here.child(name), Number(stats.mode & 0o777n));
    return {
      write: (bytes) => {
        node.writeFully(fd, bytes);
      },
      end: () => {
        node.setOwnerOf(fd, Number(stats.uid), Number(stats.gid));
        node.setModeOf(fd, Number(stats.mode & 0o7777n));
        copyXattrs(folder.child(name), (key, value) => {
          setXattrOf(fd, key, value);
        });
        node.setTimesOf(fd, timeOf(stats));
        node.closeDescriptor(fd);
      },
    };
  }

  /** A link, a device, a FIFO. */
  special({ name, folder, stats }: ChangedNode): void {
    const target = this.#here.child(name);
    if (stats.isSymbolicLink()) {
      node.makeSymlink(readlinkSync(cString(folder.child(name)).subarray(0, -1), { encoding: "buffer" }).toString("latin1"), target);
      node.setOwner(target, Number(stats.uid), Number(stats.gid));
      node.setTimes(target, timeOf(stats));
      return;
    }
    const { type, major, minor } = entryOf(folder.child(name), name, stats);
    if (type === "char" || type === "block" || type === "fifo")
      node.makeSpecial(target, type, Number(stats.mode & 0o777n), { major, minor });
    dress(target, stats);
  }

  get #here(): OpenFolder {
    return this.#open.at(-1) ?? this.#root;
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function dress(target: BytePath, stats: BigIntStats): void {
  node.setOwner(target, Number(stats.uid), Number(stats.gid));
  node.setMode(target, Number(stats.mode & 0o7777n));
  node.setTimes(target, timeOf(stats));
}

function copyXattrs(from: BytePath, set: (name: string, value: Buffer) => void): void {
  if (!hasXattrs(from)) return;
  for (const name of listXattrs(from).filter(keepsXattr)) {
    const value = getXattr(from, name);
    if (value !== undefined) set(name, value);
  }
}

function timeOf({ mtimeNs }: BigIntStats): FileTime {
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((mtimeNs - nanoseconds) / 1_000_000_000n), nanoseconds: Number(nanoseconds) };
}
