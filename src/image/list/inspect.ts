import type { Platform } from "#spec/platform.ts";
import type { Digest } from "#spec/digest.ts";
import type { Image } from "../record/image.ts";
import { sizeOf } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import { resolveImage } from "../record/resolve.ts";

/** What inspect shows of an image. */
export interface ImageDetails {
  readonly image: Image;
  readonly size: number;
  readonly storage: { readonly driver: string; readonly topLayer: Digest | undefined };
}

/** @throws EngineError `not-found`, also when only another platform of it is here. */
export function inspectImage(images: ImageStore, driver: string, name: string, platform?: Platform): ImageDetails {
  const image = resolveImage(images, name, platform);
  return { image, size: sizeOf(image), storage: { driver, topLayer: image.layers.at(-1)?.chainId } };
}
