import type { BuiltLayer, FoundImage } from "../ports.ts";

/** Where an image of ours keeps what its layers are known by, if it was asked to (BUILDKIT_INLINE_CACHE=1): a list for each layer. */
export const INLINE_CACHE = "dhow.build.cache";

/**
 * Images that a client trusts to be what this build would make (`--cache-from`), and no others: what somebody has pulled is never taken for a
 * step's result by itself (CVE-2024-24557).
 */
export class ImageCaches {
  readonly #images: readonly FoundImage[];

  constructor(images: readonly FoundImage[]) {
    this.#images = images;
  }

  /**
   * The layer that a step makes on top of others: by what it is known by, where the image says that; else, of a command, by its words in the
   * history of an image that has the same layers below, as Docker's classic builder does it.
   */
  find(below: readonly BuiltLayer[], keys: readonly string[], createdBy: string | undefined): BuiltLayer | undefined {
    for (const image of this.#images) {
      const layer = image.layers[below.length];
      if (layer === undefined || image.layers[below.length - 1]?.chainId !== below.at(-1)?.chainId) continue;
      const known = image.config[INLINE_CACHE]?.[below.length];
      if (
        known === undefined
          ? wordsOf(image, below.length) === createdBy && createdBy !== undefined
          : keys.some((key) => known.includes(key))
      )
        return { ...layer, created: dateOf(image, below.length) };
    }
    return undefined;
  }
}

function entryOf({ config }: FoundImage, layer: number) {
  return (config.history ?? []).filter((entry) => entry.empty_layer !== true)[layer];
}

function wordsOf(image: FoundImage, layer: number): string | undefined {
  return entryOf(image, layer)?.created_by;
}

function dateOf(image: FoundImage, layer: number): number | undefined {
  const time = Date.parse(entryOf(image, layer)?.created ?? "");
  return Number.isNaN(time) ? undefined : time;
}
