import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Digest } from "#spec/digest.ts";
import { backingFileSystem } from "../backing-file-system.ts";
import { Background } from "../background.ts";
import type { BorrowedRoot, ImportOptions, LayerFill, WhiteoutForm, WritableDiff, WritableOptions } from "../contract.ts";
import type { DriverInstance, SnapshotterDeps, SnapshotterOptions } from "../driver.ts";
import { guardMountPoints, madeForMounts, makeMountPoints, unmakeMountPoints } from "../init-layer.ts";
import { LayerSync } from "../layer-sync.ts";
import { Layers } from "../layers.ts";
import { UNLIMITED } from "../limit-writable.ts";
import { Staging } from "../staging.ts";
import { Writables, type Writable } from "../writables.ts";
import { rootIn, type RootMaker } from "./root-maker.ts";

/**
 * A driver whose layers and writables are whole file trees, each made as a copy of the one that it stands on. What such a copy costs is
 * its `RootMaker`'s. Nothing is mounted: a root is a folder.
 */
export class WholeRootSnapshotter implements DriverInstance {
  readonly name: string;
  readonly whiteouts: WhiteoutForm = "plain";
  readonly #root: string;
  readonly #bootId: string;
  readonly #roots: RootMaker;
  readonly #staging: Staging;
  readonly #sync: LayerSync;
  readonly #layers: Layers;
  readonly #writables: Writables;
  readonly #locks = new KeyedMutex();
  readonly #background: Background;

  constructor(name: string, roots: RootMaker, { trees, logger }: SnapshotterDeps, { root, bootId }: SnapshotterOptions) {
    this.name = name;
    mkdirSync(root, { recursive: true, mode: 0o710 });
    this.#root = realpathSync(root);
    this.#bootId = bootId;
    this.#roots = roots;
    this.#background = new Background(logger);
    this.#staging = new Staging(join(this.#root, "staging"), { remove: (folder) => roots.remove(folder), logger });
    this.#sync = new LayerSync(this.#root, { bootId, logger });
    const measures = { measure: (content: string) => roots.measure(content), contentSize: (content: string) => trees.contentSize(content) };
    this.#layers = new Layers(join(this.#root, "layers"), { staging: this.#staging, trees: measures, sync: this.#sync });
    this.#writables = new Writables(join(this.#root, "writables"), this.#staging);
  }

  hasLayer(chainId: Digest): boolean {
    return this.#layers.has(chainId);
  }

  async importLayer(chainId: Digest, parent: Digest | undefined, fill: LayerFill, options?: ImportOptions): Promise<void> {
    const copyAndFill = async (content: string): Promise<void> => {
      await this.#lay(parent, content);
      await fill(content, undefined);
    };
    await this.#layers.import(chainId, parent, copyAndFill, options);
  }

  async removeLayer(chainId: Digest): Promise<void> {
    if (this.#writables.standsOn(chainId)) throw new EngineError("conflict", `layer ${chainId} is in use by a container`);
    await this.#layers.remove(chainId);
  }

  isLayerUsed(chainId: Digest): boolean {
    return this.#writables.standsOn(chainId) || this.#layers.isUsed(chainId);
  }

  layerSize(chainId: Digest): Promise<number> {
    return this.#layers.size(chainId);
  }

  /** Every layer is a whole tree. */
  layerContentSize(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async createWritable(
    id: string,
    parent: Digest | undefined,
    { disposable = false, remapped = false, limit }: WritableOptions = {},
  ): Promise<void> {
    // A copy of the layers would count, too.
    if (limit !== undefined) throw new EngineError("invalid", UNLIMITED);
    if (remapped) throw new EngineError("not-implemented", `storage driver ${this.name} cannot be used with userns-remap`);
    using _ = this.#layers.hold(parent);
    const writable: Writable = { parent, disposableIn: disposable ? this.#bootId : undefined, remapped: false };
    await this.#writables.create(id, writable, async (folder) => {
      const content = rootIn(folder);
      await this.#lay(parent, content);
      makeMountPoints(content);
    });
  }

  async mount(id: string): Promise<string> {
    return this.#locks.run(id, () => {
      const { disposableIn } = this.#writables.get(id);
      if (disposableIn !== undefined && disposableIn !== this.#bootId) {
        throw new EngineError("conflict", `the disposable file system of ${id} did not outlive the restart of the host`);
      }
      const content = this.#rootOf(id);
      guardMountPoints(content);
      return content;
    });
  }

  async unmount(): Promise<void> {
    // There is nothing to take away.
  }

  borrow(id: string): Promise<BorrowedRoot> {
    this.#writables.get(id);
    return Promise.resolve({ root: this.#rootOf(id), [Symbol.dispose]: () => undefined });
  }

  withDiff<T>(id: string, use: (diff: WritableDiff) => Promise<T>): Promise<T> {
    const { parent } = this.#writables.get(id);
    return use({ kind: "copy", changed: this.#rootOf(id), below: this.#below(parent), own: madeForMounts });
  }

  async commitWritable(id: string, fill: (diff: WritableDiff, folder: undefined) => Promise<Digest | undefined>): Promise<void> {
    const { parent } = this.#writables.get(id);
    await this.#layers.importUnnamed(parent, async (folder) => {
      const chainId = await this.withDiff(id, (diff) => fill(diff, undefined));
      if (chainId === undefined || this.#layers.has(chainId)) return chainId;
      await this.#roots.copy(this.#rootOf(id), folder);
      unmakeMountPoints(folder, this.#below(parent));
      return chainId;
    });
  }

  async turnIntoLayer(id: string, pack: (diff: WritableDiff) => Promise<Digest | undefined>): Promise<void> {
    const { parent } = this.#writables.get(id);
    try {
      await this.#layers.adopt(parent, this.#rootOf(id), async () => {
        const chainId = await this.withDiff(id, pack);
        unmakeMountPoints(this.#rootOf(id), this.#below(parent));
        return chainId;
      });
    } finally {
      await this.removeWritable(id);
    }
  }

  async withLayer<T>(chainId: Digest, use: (root: string) => Promise<T>): Promise<T> {
    using _ = this.#layers.hold(chainId);
    return await use(this.#layers.contentOf(chainId));
  }

  async removeWritable(id: string): Promise<void> {
    await this.#locks.run(id, () => {
      if (this.#writables.find(id) === undefined) return;
      const taken = this.#writables.take(id);
      this.#background.start("removing a file system", () => this.#staging.discard(taken));
    });
  }

  async writableSize(id: string): Promise<number> {
    this.#writables.get(id);
    return this.#roots.measure(this.#rootOf(id));
  }

  list(): { readonly layers: readonly Digest[]; readonly writables: readonly string[] } {
    return { layers: this.#layers.list(), writables: this.#writables.list() };
  }

  async sweep(): Promise<void> {
    await this.#staging.sweep();
  }

  status(): readonly (readonly [string, string])[] {
    return [["Backing Filesystem", backingFileSystem(this.#root)]];
  }

  async settle(): Promise<void> {
    await this.#background.idle();
    await this.#sync.flush();
  }

  #lay(parent: Digest | undefined, content: string): Promise<void> {
    return parent === undefined ? this.#roots.make(content) : this.#roots.copy(this.#layers.contentOf(parent), content);
  }

  #below(parent: Digest | undefined): string | undefined {
    return parent === undefined ? undefined : this.#layers.contentOf(parent);
  }

  #rootOf(id: string): string {
    return rootIn(this.#writables.folderOf(id));
  }
}
