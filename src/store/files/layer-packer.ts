import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, writeSync, type BigIntStats } from "node:fs";
import type { BytePath } from "#lib/byte-path.ts";
import type { Digest } from "#spec/digest.ts";
import { TarWriter, type ByteSink } from "../tar/tar-writer.ts";
import type { OpenFolder } from "../tree/open-folder.ts";
import type { PackedLayer } from "./contract.ts";
import { walkDiff, type ChangedNode, type DiffVisitor, type OpenDiff } from "./diff-walk.ts";
import { ownersOf } from "./owners.ts";
import { LayerFolder } from "./layer-folder.ts";
import { TreePacker } from "./tree-packer.ts";

const BUFFER_BYTES = 1024 * 1024;
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

export interface LayerTarget {
  readonly archive: string;
  /** Gets the same content, as an overlay has it. */
  readonly folder: OpenFolder | undefined;
  readonly cancelled: () => void;
}

/** Packs what was changed: each file is read once, for the archive, its digest and the layer's folder. */
export function packLayer(diff: OpenDiff, target: LayerTarget): PackedLayer {
  using sink = new ArchiveFile(target.archive);
  const tar = new TarWriter(sink);
  const copy = target.folder === undefined ? undefined : new LayerFolder(target.folder);
  const packer = new LayerPacker({ tar, copy, everyFolder: diff.kind === "overlay", cancelled: target.cancelled });
  walkDiff(diff, packer);
  tar.finish();
  return { diffId: sink.digest(), size: tar.total, contentSize: packer.contentSize };
}

class LayerPacker implements DiffVisitor {
  readonly #tar: TarWriter;
  readonly #packer: TreePacker;
  readonly #copy: LayerFolder | undefined;
  readonly #cancelled: () => void;
  readonly #everyFolder: boolean;
  /** Folders on the way to here that are not in the archive yet: nothing of them changed so far. */
  readonly #waiting: ChangedNode[] = [];
  contentSize = 0;

  constructor(options: { tar: TarWriter; copy: LayerFolder | undefined; everyFolder: boolean; cancelled: () => void }) {
    this.#tar = options.tar;
    this.#packer = new TreePacker(options.tar, ownersOf(undefined));
    this.#copy = options.copy;
    this.#everyFolder = options.everyFolder;
    this.#cancelled = options.cancelled;
  }

  node(node: ChangedNode): (() => void) | undefined {
    this.#cancelled();
    if (!node.stats.isDirectory()) {
      this.#file(node);
      return undefined;
    }
    const leave = this.#copy?.enter(node);
    this.#waiting.push(node);
    if (this.#everyFolder || node.kind !== "same") this.#bringFolders();
    if (node.emptied) this.#mark(`${node.path}/${OPAQUE}`);
    return () => {
      leave?.();
      if (this.#waiting.at(-1) === node) this.#waiting.pop();
    };
  }

  deleted(path: BytePath, emptied: boolean): void {
    if (emptied) return;
    this.#bringFolders();
    const slash = path.lastIndexOf("/");
    this.#mark(`${path.slice(0, slash)}/${WHITEOUT}${path.slice(slash + 1)}`);
    this.#copy?.deleted(path);
  }

  #file(node: ChangedNode): void {
    this.#bringFolders();
    const { folder, name, path, stats } = node;
    const listener = { file: (_: BytePath, found: BigIntStats) => this.#content(node, found) };
    const linked = this.#copy?.link(node) === true;
    const packed = this.#packer.node(folder.child(name), path.slice(1), stats, listener);
    if (!packed || linked) return;
    if (!stats.isFile()) this.#copy?.special(node);
    this.#copy?.remember(node);
  }

  #content(node: ChangedNode, stats: BigIntStats): { write(bytes: Uint8Array): void; end(): void } {
    this.contentSize += Number(stats.size);
    return this.#copy?.file(node, stats) ?? { write: () => undefined, end: () => undefined };
  }

  #bringFolders(): void {
    for (const { folder, name, path, stats } of this.#waiting.splice(0)) this.#packer.node(folder.child(name), path.slice(1), stats);
  }

  #mark(path: BytePath): void {
    const common = { type: "file", target: "", mode: 0, user: 0, group: 0, size: 0 } as const;
    this.#tar.entry({ ...common, path: path.slice(1), seconds: 0, nanoseconds: 0, major: 0, minor: 0, xattrs: undefined });
  }
}

class ArchiveFile implements ByteSink, Disposable {
  readonly #fd: number;
  readonly #hash: Hash = createHash("sha256");
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  constructor(path: string) {
    this.#fd = openSync(path, "wx", 0o600);
  }

  take(): Buffer {
    return this.#buffer;
  }

  pass(length: number): void {
    const bytes = this.#buffer.subarray(0, length);
    this.#hash.update(bytes);
    for (let at = 0; at < length;) at += writeSync(this.#fd, bytes, at);
  }

  digest(): Digest {
    return `sha256:${this.#hash.digest("hex")}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
