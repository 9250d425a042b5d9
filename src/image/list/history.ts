import type { Digest } from "#spec/digest.ts";
import type { Platform } from "#spec/platform.ts";
import { EngineError } from "#errors/engine-error.ts";
import { tagsOf, type Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import { resolveImage } from "../record/resolve.ts";

/** A step of an image's history, newest first. */
export interface HistoryStep {
  /** Undefined for a step that is no image here. */
  readonly id: Digest | undefined;
  /** RFC 3339, as the image says. */
  readonly created: string | undefined;
  readonly createdBy: string;
  readonly comment: string;
  readonly size: number;
  readonly tags: readonly string[];
}

/** @throws EngineError `not-found`; `system` when the history has more layers than the image. */
export function imageHistory(images: ImageStore, name: string, platform?: Platform): HistoryStep[] {
  const image = resolveImage(images, name, platform);
  const ancestors = ancestorsOf(images, image);
  const steps = stepsOf(image).toReversed();
  return steps.map((step, index) => {
    const ancestor = ancestors[index];
    return ancestor === undefined ? step : { ...step, id: ancestor.id, tags: tagsOf(ancestor) };
  });
}

function stepsOf(image: Image): HistoryStep[] {
  let layer = 0;
  return (image.config.history ?? []).map((entry) => {
    const size = entry.empty_layer === true ? 0 : image.layers[layer++]?.size;
    if (size === undefined) throw new EngineError("system", "too many non-empty layers in History section");
    return {
      id: undefined,
      created: entry.created,
      createdBy: entry.created_by ?? "",
      comment: entry.comment ?? "",
      size,
      tags: [],
    };
  });
}

/** The image, what it was built from, and so on as far as it is known here. */
function ancestorsOf(images: ImageStore, image: Image): Image[] {
  const chain: Image[] = [];
  for (let next: Image | undefined = image; next !== undefined; next = next.parent === undefined ? undefined : images.get(next.parent)) {
    // A parent link is only ever set to an older image, but a circle here would be endless.
    if (chain.includes(next)) break;
    chain.push(next);
  }
  return chain;
}
