import { chmodSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Digest } from "#spec/digest.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { asOwner } from "#sys/files/file-owner.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import type { Trees } from "../../tree/trees.ts";
import { backingFileSystem } from "../backing-file-system.ts";
import { Background } from "../background.ts";
import { BorrowedMounts } from "./borrowed-mounts.ts";
import type { BorrowedRoot, ImportOptions, LayerFill, WhiteoutForm, WritableDiff, WritableOptions } from "../contract.ts";
import { PASSAGE_MODE, type DriverInstance, type RemapOptions, type SnapshotterDeps, type SnapshotterOptions } from "../driver.ts";
import { guardMountPoints } from "../init-layer.ts";
import { InitLayers } from "./init-layers.ts";
import { LayerSync } from "../layer-sync.ts";
import { Layers, makeRoot } from "../layers.ts";
import { limitWritable } from "../limit-writable.ts";
import { mountOverlay } from "./overlay-mount.ts";
import { Staging } from "../staging.ts";
import { Writables, type Writable } from "../writables.ts";

export function createOverlaySnapshotter(deps: SnapshotterDeps, options: SnapshotterOptions): OverlaySnapshotter {
  return new OverlaySnapshotter(deps, options);
}

/**
 * Docker's `overlay2`: a layer is a folder with only what it changes, and a container's root is an overlay of its own folder over the
 * layers, with an init layer in between (`init-layer.ts`).
 */
export class OverlaySnapshotter implements DriverInstance {
  readonly name = "overlay2";
  readonly whiteouts: WhiteoutForm = "overlay";
  readonly #root: string;
  readonly #bootId: string;
  readonly #remap: RemapOptions | undefined;
  readonly #trees: Trees;
  readonly #limit: NonNullable<SnapshotterDeps["limit"]>;
  readonly #staging: Staging;
  readonly #sync: LayerSync;
  readonly #layers: Layers;
  readonly #inits: InitLayers;
  readonly #writables: Writables;
  readonly #mounted: Set<string>;
  readonly #locks = new KeyedMutex();
  readonly #background: Background;
  readonly #borrowed = new BorrowedMounts((id) => this.#background.watch("unmounting", this.unmount(id)));

  constructor({ trees, logger, limit = limitWritable }: SnapshotterDeps, { root, bootId, remap }: SnapshotterOptions) {
    mkdirSync(root, { recursive: true, mode: 0o710 });
    // As the kernel's table of mounts has it.
    this.#root = realpathSync(root);
    this.#bootId = bootId;
    this.#remap = remap;
    this.#trees = trees;
    this.#limit = limit;
    this.#background = new Background(logger);
    this.#staging = new Staging(join(this.#root, "staging"), { remove: (folder) => trees.remove(folder), logger });
    this.#sync = new LayerSync(this.#root, { bootId, logger });
    this.#layers = new Layers(join(this.#root, "layers"), { staging: this.#staging, trees, sync: this.#sync });
    this.#inits = new InitLayers(join(this.#root, "inits"), { layers: this.#layers, staging: this.#staging });
    const writables = join(this.#root, "writables");
    this.#writables = new Writables(writables, this.#staging);
    if (remap !== undefined) for (const folder of [this.#root, writables]) chmodSync(folder, PASSAGE_MODE);
    const mountPoints = new Set(mountPointsBelow(writables));
    this.#mounted = new Set(this.#writables.list().filter((id) => mountPoints.has(this.#paths(id).merged)));
  }

  hasLayer(chainId: Digest): boolean {
    return this.#layers.has(chainId);
  }

  async importLayer(chainId: Digest, parent: Digest | undefined, fill: LayerFill, options?: ImportOptions): Promise<void> {
    const fillNew = async (content: string): Promise<void> => {
      makeRoot(content);
      await this.#withViewOf(parent, (below) => fill(content, below));
    };
    await this.#layers.import(chainId, parent, fillNew, options);
  }

  async removeLayer(chainId: Digest): Promise<void> {
    if (this.#writables.standsOn(chainId)) throw new EngineError("conflict", `layer ${chainId} is in use by a container`);
    await this.#layers.remove(chainId);
    await this.#inits.remove(chainId);
  }

  isLayerUsed(chainId: Digest): boolean {
    return this.#writables.standsOn(chainId) || this.#layers.isUsed(chainId);
  }

  layerSize(chainId: Digest): Promise<number> {
    return this.#layers.size(chainId);
  }

  layerContentSize(chainId: Digest): Promise<number> {
    return this.#layers.contentSize(chainId);
  }

  async createWritable(
    id: string,
    parent: Digest | undefined,
    { disposable = false, remapped = false, limit }: WritableOptions = {},
  ): Promise<void> {
    using _ = this.#layers.hold(parent);
    const writable: Writable = { parent, disposableIn: disposable ? this.#bootId : undefined, remapped };
    await this.#writables.create(id, writable, (folder) => {
      // What is made in it from here on counts.
      if (limit !== undefined) this.#limit(folder, limit);
      layWritable(folder, remapped);
    });
  }

  async mount(id: string): Promise<string> {
    return this.#locks.run(id, async () => {
      const { merged } = this.#paths(id);
      const writable = this.#writables.get(id);
      if (!this.#mounted.has(id)) await this.#mount(id, writable);
      this.#borrowed.claim(id);
      try {
        this.#asRootOf(writable, () => guardMountPoints(merged));
      } catch (error) {
        await this.#unmount(id);
        throw error;
      }
      return merged;
    });
  }

  async unmount(id: string): Promise<void> {
    await this.#locks.run(id, async () => {
      if (this.#borrowed.mayGo(id)) await this.#unmount(id);
    });
  }

  async borrow(id: string): Promise<BorrowedRoot> {
    return this.#locks.run(id, async () => {
      const mountedBefore = this.#mounted.has(id);
      if (!mountedBefore) await this.#mount(id, this.#writables.get(id));
      this.#borrowed.take(id, { mountedBefore });
      return { root: this.#paths(id).merged, [Symbol.dispose]: once(() => this.#borrowed.giveBack(id)) };
    });
  }

  async withDiff<T>(id: string, use: (diff: WritableDiff) => Promise<T>): Promise<T> {
    const { parent } = this.#writables.get(id);
    using _ = this.#layers.hold(parent);
    await this.#inits.ensure(parent);
    const lowers = [this.#inits.folderOf(parent), ...this.#contentsOf(parent)];
    return this.#withView(lowers, (below) => use({ kind: "overlay", changed: this.#paths(id).upper, below }));
  }

  async commitWritable(id: string, fill: (diff: WritableDiff, folder: string) => Promise<Digest | undefined>): Promise<void> {
    const { parent } = this.#writables.get(id);
    await this.#layers.importUnnamed(parent, (folder) => {
      makeRoot(folder);
      return this.withDiff(id, (diff) => fill(diff, folder));
    });
  }

  async turnIntoLayer(id: string, pack: (diff: WritableDiff) => Promise<Digest | undefined>): Promise<void> {
    const { parent } = this.#writables.get(id);
    try {
      // Its own end, and not the queue's: somebody waits for this one.
      await this.#locks.run(id, async () => await this.#detach(id)?.());
      await this.#layers.adopt(parent, this.#paths(id).upper, async () => await this.withDiff(id, pack));
    } finally {
      await this.removeWritable(id);
    }
  }

  async withLayer<T>(chainId: Digest, use: (root: string) => Promise<T>): Promise<T> {
    using _ = this.#layers.hold(chainId);
    return this.#withViewOf(chainId, async (view) => await use(view ?? this.#layers.contentOf(chainId)));
  }

  async removeWritable(id: string): Promise<void> {
    await this.#locks.run(id, () => {
      if (this.#writables.find(id) === undefined) return;
      this.#borrowed.forget(id);
      const end = this.#detach(id);
      const taken = this.#writables.take(id);
      // Nobody can see it any more: its end is nobody's to wait for.
      this.#background.start("removing a file system", async () => {
        await end?.();
        await this.#staging.discard(taken);
      });
    });
  }

  async writableSize(id: string): Promise<number> {
    this.#writables.get(id);
    return this.#trees.measure(this.#paths(id).upper);
  }

  list(): { readonly layers: readonly Digest[]; readonly writables: readonly string[] } {
    return { layers: this.#layers.list(), writables: this.#writables.list() };
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    for (const id of this.#mounted) if (!keep.has(id)) this.#background.watch("unmounting", this.unmount(id));
    await this.#staging.sweep();
    await this.#inits.sweep();
  }

  status(): readonly (readonly [string, string])[] {
    return [
      ["Backing Filesystem", backingFileSystem(this.#root)],
      ["Supports d_type", "true"],
      ["Using metacopy", "false"],
      ["Native Overlay Diff", "true"],
      ["userxattr", "false"],
    ];
  }

  async settle(): Promise<void> {
    for (const id of this.#borrowed.lingering()) this.#background.watch("unmounting", this.unmount(id));
    await this.#background.idle();
    await this.#sync.flush();
  }

  async #mount(id: string, writable: Writable): Promise<void> {
    const { parent, disposableIn, remapped } = writable;
    if (disposableIn !== undefined && disposableIn !== this.#bootId) {
      throw new EngineError("conflict", `the disposable file system of ${id} did not outlive the restart of the host`);
    }
    const { upper, work, merged } = this.#paths(id);
    const lowers = this.#contentsOf(parent);
    await this.#inits.ensure(parent);
    const volatile = disposableIn !== undefined;
    // A volatile overlay leaves a mark against being used again, meant for a crash of the host: the boot id says whether there was one.
    if (volatile) rmSync(join(work, "work/incompat"), { recursive: true, force: true });
    const request = { lowers: [this.#inits.folderOf(parent), ...lowers], upper: { folder: upper, work }, volatile, target: merged };
    const idMap = remapped ? this.#requireRemap(id).userNamespace : undefined;
    this.#asRootOf(writable, () => mountOverlay({ ...request, idMap }));
    this.#mounted.add(id);
  }

  /** New files on a remapped root can be made only by somebody whom it knows; and an overlay works in the name of its mounter. */
  #asRootOf(writable: Writable, work: () => void): void {
    if (writable.remapped && this.#remap !== undefined) asOwner(this.#remap.root, work);
    else work();
  }

  #requireRemap(id: string): RemapOptions {
    if (this.#remap !== undefined) return this.#remap;
    throw new EngineError("not-implemented", `the file system of ${id} belongs to other users: this daemon runs without userns-remap`);
  }

  async #unmount(id: string): Promise<void> {
    const end = this.#detach(id);
    if (end !== undefined) await this.#background.run(end);
  }

  /** Takes the mount away; what is returned waits for its end. */
  #detach(id: string): (() => Promise<void>) | undefined {
    if (!this.#mounted.delete(id)) return undefined;
    try {
      return detachMount(this.#paths(id).merged);
    } catch (error) {
      // Somebody else has unmounted it.
      if (error instanceof SystemCallError && error.code === "EINVAL") return undefined;
      this.#mounted.add(id);
      throw error;
    }
  }

  /** A view of a layer with all below it, to read. */
  async #withViewOf<T>(parent: Digest | undefined, use: (view: string | undefined) => Promise<T>): Promise<T> {
    return this.#withView(this.#contentsOf(parent), use);
  }

  async #withView<T>(lowers: readonly string[], use: (view: string | undefined) => Promise<T>): Promise<T> {
    // One folder is its own view; an overlay that only reads wants two.
    if (lowers.length < 2) return use(lowers[0]);
    const target = this.#staging.make();
    try {
      mountOverlay({ lowers, target });
      try {
        return await use(target);
      } finally {
        await detachMount(target)();
      }
    } finally {
      await this.#staging.discard(target);
    }
  }

  #contentsOf(chainId: Digest | undefined): string[] {
    return this.#layers.chain(chainId).map((layer) => this.#layers.contentOf(layer));
  }

  #paths(id: string): WritablePaths {
    return pathsIn(this.#writables.folderOf(id));
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

interface WritablePaths {
  readonly upper: string;
  readonly work: string;
  readonly merged: string;
}

function pathsIn(folder: string): WritablePaths {
  return { upper: join(folder, "upper"), work: join(folder, "work"), merged: join(folder, "merged") };
}

function layWritable(folder: string, remapped: boolean): void {
  const { upper, work, merged } = pathsIn(folder);
  if (remapped) chmodSync(folder, PASSAGE_MODE);
  mkdirSync(upper);
  // The root of the container takes its looks from here, whatever umask the daemon has.
  chmodSync(upper, 0o755);
  mkdirSync(work, { mode: 0o700 });
  mkdirSync(merged, { mode: 0o700 });
}
