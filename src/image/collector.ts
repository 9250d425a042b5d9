import { isEngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { Digest } from "#spec/digest.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { ImageStore } from "./image-store.ts";
import type { Leases } from "./leases.ts";

export interface CollectorDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly leases: Leases;
  readonly logger: Logger;
}

/**
 * Removes blobs and layers that no image needs. The record always goes first, then what it stood for: a kill in between leaves
 * something unreferenced, which `sweep` finds at the next start, never a record of something that is gone.
 */
export class Collector {
  readonly #deps: CollectorDeps;

  constructor(deps: CollectorDeps) {
    this.#deps = deps;
  }

  async collectBlobs(digests: Iterable<Digest>): Promise<void> {
    const { images, content, leases } = this.#deps;
    for (const digest of digests) {
      if (content.sizeOf(digest) === undefined) continue;
      const isNeeded = (): boolean => images.needsBlob(digest);
      await this.#quietly(digest, () => leases.removeUnlessHeld(digest, isNeeded, () => content.remove(digest)));
    }
  }

  /**
   * @param chainIds from the top down: a layer goes only after those that stand on it.
   * @returns the layers that are gone.
   */
  async collectLayers(chainIds: Iterable<Digest>): Promise<Digest[]> {
    const { images, snapshots, leases } = this.#deps;
    const removed: Digest[] = [];
    for (const chainId of chainIds) {
      if (!snapshots.hasLayer(chainId)) continue;
      const isNeeded = (): boolean => images.needsLayer(chainId);
      const gone = await this.#quietly(chainId, () => leases.removeUnlessHeld(chainId, isNeeded, () => snapshots.removeLayer(chainId)));
      if (gone) removed.push(chainId);
    }
    return removed;
  }

  /** Everything in the stores that no image explains, at start and whenever a container that kept a layer is gone. */
  async sweep(): Promise<void> {
    await this.collectBlobs([...this.#deps.content.list()].map(({ digest }) => digest));
    // Parents are known to the snapshotter alone: a layer that something stands on refuses, and goes in a later round.
    let removed: Digest[];
    do {
      removed = await this.collectLayers(this.#deps.snapshots.list().layers);
    } while (removed.length > 0);
  }

  /** A layer below a container's file system is a `conflict`: it stays, and goes with the sweep after the container. */
  async #quietly(digest: Digest, remove: () => Promise<boolean>): Promise<boolean> {
    try {
      return await remove();
    } catch (error) {
      if (!isEngineError(error, "conflict")) this.#deps.logger.warn({ digest, err: error }, "could not remove what no image needs");
      return false;
    }
  }
}
