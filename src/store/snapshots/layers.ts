import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { hexOf, isDigest, parseDigest, type Digest } from "#spec/digest.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { getXattr, removeXattr } from "#sys/files/xattr.ts";
import { orExhausted } from "../full-disk.ts";
import { OPAQUE } from "../unpack/whiteouts.ts";
import type { Trees } from "../tree/trees.ts";
import type { ImportOptions } from "./contract.ts";
import { readFacts, writeFact } from "./facts.ts";
import type { LayerSync } from "./layer-sync.ts";
import type { Staging } from "./staging.ts";

/** One page of mount options holds some 220 folders named by descriptors; Docker stops at 125. */
const MOST_LAYERS = 200;

interface Layer {
  readonly parent: Digest | undefined;
  /** Nothing of its parents shows: the layer emptied the root. */
  readonly opaque: boolean;
  size: number | undefined;
}

export interface LayersDeps {
  readonly staging: Staging;
  readonly trees: Pick<Trees, "measure" | "contentSize">;
  readonly sync: LayerSync;
}

/**
 * The layers of a driver: folders `<hex>/fs` with their facts, and a table in memory that is read from them once.
 *
 * A layer whose content may not have reached the disk before the host went down (see `LayerSync`) is no layer any more after a
 * restart, and neither is what stands on it.
 */
export class Layers {
  readonly #folder: string;
  readonly #deps: LayersDeps;
  readonly #layers = new Map<Digest, Layer>();
  readonly #holds = new Map<Digest, number>();
  readonly #imports = new Map<Digest, Promise<void>>();

  constructor(folder: string, deps: LayersDeps) {
    this.#folder = folder;
    this.#deps = deps;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#load();
  }

  has(chainId: Digest): boolean {
    return this.#layers.has(chainId);
  }

  list(): readonly Digest[] {
    return [...this.#layers.keys()];
  }

  /** The content of a layer. */
  contentOf(chainId: Digest): string {
    return join(this.#folderOf(chainId), "fs");
  }

  /** A layer and those below it that show, from the top. @throws EngineError `not-found`. */
  chain(chainId: Digest | undefined): Digest[] {
    const chain: Digest[] = [];
    for (let at = chainId; at !== undefined;) {
      const layer = this.#get(at);
      chain.push(at);
      at = layer.opaque ? undefined : layer.parent;
    }
    return chain;
  }

  /** Keeps a layer from being removed until it is disposed of. @throws EngineError `not-found`. */
  hold(chainId: Digest | undefined): Disposable {
    if (chainId === undefined) return { [Symbol.dispose]: () => undefined };
    this.#get(chainId);
    this.#holds.set(chainId, (this.#holds.get(chainId) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        this.#holds.set(chainId, (this.#holds.get(chainId) ?? 1) - 1);
      },
    };
  }

  /** `fill` makes the content at a path where nothing is; it is not called when the layer is there, or becomes there meanwhile. */
  async import(
    chainId: Digest,
    parent: Digest | undefined,
    fill: (content: string) => Promise<void>,
    { alone = true }: ImportOptions = {},
  ): Promise<void> {
    parseDigest(chainId);
    for (let other = this.#imports.get(chainId); other !== undefined; other = this.#imports.get(chainId))
      await other.catch(() => undefined);
    if (this.has(chainId)) return;
    if (!alone) return this.#import(chainId, parent, fill);
    const work = this.#import(chainId, parent, fill).finally(() => this.#imports.delete(chainId));
    this.#imports.set(chainId, work);
    await work;
  }

  /** As `import`, for a layer whose chain id is known when its content is; one that is there already stays. Without one nothing is made. */
  async importUnnamed(parent: Digest | undefined, fill: (content: string) => Promise<Digest | undefined>): Promise<void> {
    await this.#stage(parent, fill);
  }

  /** As `importUnnamed`, for content that lies in a folder of this file system already, which is taken away from there. */
  async adopt(parent: Digest | undefined, folder: string, name: () => Promise<Digest | undefined>): Promise<void> {
    await this.#stage(parent, async (content) => {
      const chainId = await name();
      if (chainId !== undefined && !this.has(chainId)) renameSync(folder, content);
      return chainId;
    });
  }

  /** @throws EngineError `conflict`. Missing is no error. */
  async remove(chainId: Digest): Promise<void> {
    const layer = this.#layers.get(chainId);
    if (layer === undefined) return;
    if (this.isUsed(chainId)) throw new EngineError("conflict", `layer ${chainId} is in use`);
    const taken = this.#deps.staging.take(this.#folderOf(chainId));
    this.#layers.delete(chainId);
    this.#holds.delete(chainId);
    await this.#deps.staging.discard(taken);
  }

  isUsed(chainId: Digest): boolean {
    return (this.#holds.get(chainId) ?? 0) > 0 || this.#layers.values().some(({ parent }) => parent === chainId);
  }

  /** Counted anew. */
  async contentSize(chainId: Digest): Promise<number> {
    this.#get(chainId);
    return this.#deps.trees.contentSize(this.contentOf(chainId));
  }

  async size(chainId: Digest): Promise<number> {
    const layer = this.#get(chainId);
    if (layer.size !== undefined) return layer.size;
    const size = await this.#deps.trees.measure(this.contentOf(chainId));
    if (this.#layers.get(chainId) === layer) writeFact(this.#folderOf(chainId), "size", String(size));
    layer.size = size;
    return size;
  }

  async #import(chainId: Digest, parent: Digest | undefined, fill: (content: string) => Promise<void>): Promise<void> {
    await this.#stage(parent, async (content) => {
      await fill(content);
      return chainId;
    });
  }

  async #stage(parent: Digest | undefined, fill: (content: string) => Promise<Digest | undefined>): Promise<void> {
    using _ = this.hold(parent);
    if (this.#depth(parent) >= MOST_LAYERS) throw new EngineError("invalid", "max depth exceeded");
    const staged = this.#deps.staging.make();
    const content = join(staged, "fs");
    try {
      const chainId = await fill(content);
      if (chainId === undefined || this.has(chainId)) await this.#deps.staging.discard(staged);
      else this.#publish(staged, chainId, { parent, opaque: takeOpaque(content), size: undefined });
    } catch (error) {
      await this.#deps.staging.discard(staged);
      throw orExhausted(error, "writing a layer failed");
    }
    this.#deps.sync.start();
  }

  #publish(staged: string, chainId: Digest, layer: Layer): void {
    if (layer.parent !== undefined) writeFact(staged, "parent", hexOf(layer.parent));
    if (layer.opaque) writeFact(staged, "opaque", "");
    this.#deps.sync.mark(staged, this.#folderOf(chainId));
    renameSync(staged, this.#folderOf(chainId));
    this.#layers.set(chainId, layer);
  }

  #depth(chainId: Digest | undefined): number {
    let depth = 0;
    for (let at = chainId; at !== undefined; at = this.#layers.get(at)?.parent) depth += 1;
    return depth;
  }

  #get(chainId: Digest): Layer {
    const layer = this.#layers.get(chainId);
    if (layer === undefined) throw new EngineError("not-found", `layer ${String(chainId).slice(0, 80)} does not exist`);
    return layer;
  }

  #folderOf(chainId: Digest): string {
    return join(this.#folder, hexOf(parseDigest(chainId)));
  }

  #load(): void {
    for (const entry of readdirSync(this.#folder, { withFileTypes: true })) this.#loadOne(entry);
    // What stands on a missing layer is missing, and so on upwards.
    for (let lost = this.#orphans(); lost.length > 0; lost = this.#orphans()) for (const chainId of lost) this.#lose(chainId);
    this.#deps.sync.start();
  }

  #loadOne(entry: Dirent): void {
    const chainId = `sha256:${entry.name}`;
    if (!entry.isDirectory() || !isDigest(chainId)) return;
    const folder = this.#folderOf(chainId);
    const facts = readFacts(folder);
    const parent = facts.get("parent");
    const size = facts.get("size");
    this.#layers.set(chainId, {
      parent: parent === undefined ? undefined : parseDigest(`sha256:${parent}`),
      opaque: facts.has("opaque"),
      size: size === undefined ? undefined : Number(size),
    });
    if (!this.#deps.sync.resume(folder, facts) || !existsSync(this.contentOf(chainId))) this.#lose(chainId);
  }

  #orphans(): Digest[] {
    return [...this.#layers].filter(([, { parent }]) => parent !== undefined && !this.#layers.has(parent)).map(([chainId]) => chainId);
  }

  /** Out of the table and out of the way; `Staging.sweep` removes it. */
  #lose(chainId: Digest): void {
    this.#layers.delete(chainId);
    this.#deps.staging.take(this.#folderOf(chainId));
  }
}

/** The root of a layer or a writable, at a path where nothing is, with the looks that it has whatever umask the daemon has. */
export function makeRoot(folder: string): void {
  mkdirSync(folder);
  chmodSync(folder, 0o755);
}

/** A whiteout of the root's whole content hides nothing for the kernel, which merges the roots of all layers; the driver leaves the others out. */
function takeOpaque(content: string): boolean {
  const path = bytePathOf(content);
  if (getXattr(path, OPAQUE.name) === undefined) return false;
  removeXattr(path, OPAQUE.name);
  return true;
}
