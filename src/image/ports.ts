import type { Digest } from "#spec/digest.ts";

/** What the image noun needs of its siblings. `daemon/wire.ts` hands over services that fit. */

/** Somebody who keeps layers and archives that no image needs: the builder, for its cache. */
export interface LayerKeeper {
  needsLayer(chainId: Digest): boolean;
  needsBlob(digest: Digest): boolean;
}

export interface ContainerUse {
  /** Containers that were made from an image, in no order. Synchronous: it reads what is in memory. */
  usersOf(imageId: Digest): readonly { readonly id: string; readonly running: boolean }[];
}
