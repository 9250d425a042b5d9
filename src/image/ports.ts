import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";

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

/** Where a blob that was lost can be had again. */
export interface RemoteBlobs {
  /**
   * The bytes of a blob or a manifest of the repository that a reference names, unverified.
   *
   * @throws EngineError with the registry's words, when it is read.
   */
  fetch(reference: Reference, digest: Digest, kind: "blob" | "manifest", signal: AbortSignal): AsyncIterable<Uint8Array>;
}
