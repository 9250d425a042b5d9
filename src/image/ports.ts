import type { Digest } from "#spec/digest.ts";

/** What the image noun needs of its siblings. `daemon/wire.ts` hands over services that fit. */

export interface ContainerUse {
  /** Containers that were made from an image, in no order. Synchronous: it reads what is in memory. */
  usersOf(imageId: Digest): readonly { readonly id: string; readonly running: boolean }[];
}
