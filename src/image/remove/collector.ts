import { isEngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { Digest } from "#spec/digest.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { ImageStore } from "../record/image-store.ts";
import type { Leases } from "../record/leases.ts";
import type { LayerKeeper } from "../ports.ts";

export interface CollectorDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly leases: Leases;
  readonly keeper?: LayerKeeper | undefined;
  readonly logger: Logger;
}

/**
 * Removes blobs and layers that no image needs. The record always goes first, then what it stood for: a kill in between leaves
 * something unreferenced, which `sweep` finds at the next start, never a record of something that is gone.
 */
export class Collector {
  readonly #deps: CollectorDeps;
  /** Layers that no image needs, and that a container (or a layer below one) kept from being removed. */
  readonly #kept = new Set<Digest>();
  /** Layers of images that are gone, which the builder keeps, in its cache or below it. */
  readonly #keptByBuilder = new Set<Digest>();
  #looked = false;

  constructor(deps: CollectorDeps) {
    this.#deps = deps;
  }

  /** Whether the builder needs a layer that no image needs, or it is known that a container does. */
  keepsLayer(chainId: Digest): boolean {
    return this.#kept.has(chainId) || this.#deps.keeper?.needsLayer(chainId) === true;
  }

  /** Whether the builder needs it. */
  keepsBlob(digest: Digest): boolean {
    return this.#deps.keeper?.needsBlob(digest) === true;
  }

  async collectBlobs(digests: Iterable<Digest>): Promise<void> {
    const { images, content, leases, keeper } = this.#deps;
    for (const digest of digests) {
      if (content.sizeOf(digest) === undefined) continue;
      const isNeeded = (): boolean => images.needsBlob(digest) || keeper?.needsBlob(digest) === true;
      await this.#quietly(digest, () => leases.removeUnlessHeld(digest, isNeeded, () => content.remove(digest)));
    }
  }

  /**
   * @param chainIds from the top down: a layer goes only after those that stand on it.
   * @returns the layers that are gone.
   */
  async collectLayers(chainIds: Iterable<Digest>): Promise<Digest[]> {
    const { images, snapshots, leases, keeper } = this.#deps;
    const removed: Digest[] = [];
    for (const chainId of chainIds) {
      this.#kept.delete(chainId);
      this.#keptByBuilder.delete(chainId);
      if (!snapshots.hasLayer(chainId)) continue;
      const isNeeded = (): boolean => images.needsLayer(chainId) || keeper?.needsLayer(chainId) === true;
      const gone = await this.#quietly(chainId, () => leases.removeUnlessHeld(chainId, isNeeded, () => snapshots.removeLayer(chainId)));
      if (gone) removed.push(chainId);
      else if (keeper?.needsLayer(chainId) === true) this.#keptByBuilder.add(chainId);
    }
    return removed;
  }

  /**
   * The first time everything in the stores that no image explains; from then on what containers had kept, which costs nothing when
   * there is none: it is called whenever a container is gone.
   */
  async sweep(): Promise<void> {
    const first = !this.#looked;
    this.#looked = true;
    if (first) await this.collectBlobs([...this.#deps.content.list()].map(({ digest }) => digest));
    await this.#collectInRounds(first ? this.#deps.snapshots.list().layers : [...this.#kept]);
  }

  /** When the builder has let go of something. */
  async sweepBuilders(): Promise<void> {
    await this.#collectInRounds([...this.#keptByBuilder, ...this.#kept]);
  }

  /** Parents are known to the snapshotter alone: a layer that another stands on refuses, and goes in the next round. */
  async #collectInRounds(first: readonly Digest[]): Promise<void> {
    for (let layers = first; layers.length > 0;) layers = (await this.collectLayers(layers)).length > 0 ? [...this.#kept] : [];
  }

  /** A layer that something stands on is a `conflict`: it stays, and goes with the sweep after the container. */
  async #quietly(digest: Digest, remove: () => Promise<boolean>): Promise<boolean> {
    try {
      return await remove();
    } catch (error) {
      if (isEngineError(error, "conflict")) this.#kept.add(digest);
      else this.#deps.logger.warn({ digest, err: error }, "could not remove what no image needs");
      return false;
    }
  }
}
