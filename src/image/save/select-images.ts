import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { Platform } from "#spec/platform.ts";
import { canonicalName, parseImageName, withTag, type Reference } from "#spec/reference.ts";
import type { Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import { resolveImage } from "../record/resolve.ts";

/** An image to save, under the tags that it was asked for by. */
export interface ImageToSave {
  readonly image: Image;
  readonly tags: readonly Reference[];
}

/**
 * The images that names mean, each once, in the order of asking. A repository without a tag means all of its tags, as in Docker; an id or a
 * repository digest means an image without a name.
 *
 * @throws EngineError `not-found`, `invalid`.
 */
export function selectImages(images: ImageStore, names: readonly string[], platform: Platform | undefined): ImageToSave[] {
  const chosen = new Map<Digest, Map<string, Reference>>();
  const choose = (image: Image, tag?: Reference): void => {
    const tags = chosen.get(image.id) ?? new Map<string, Reference>();
    if (tag !== undefined) tags.set(`${canonicalName(tag)}:${tag.tag}`, tag);
    chosen.set(image.id, tags);
  };
  for (const name of names) {
    for (const tag of tagsMeant(images, name)) choose(resolveImage(images, textOf(name, tag), platform), tag);
  }
  return [...chosen].map(([id, tags]) => ({ image: present(images, id), tags: [...tags.values()] }));
}

/** Undefined in the list: the name itself, which is no tag. */
function tagsMeant(images: ImageStore, name: string): (Reference | undefined)[] {
  const parsed = parseImageName(name);
  if (parsed.kind === "id" || parsed.reference.digest !== undefined) return [undefined];
  const { reference } = parsed;
  if (reference.tag !== undefined) return [reference];
  const tags = images.tagsOf(canonicalName(reference));
  return tags.length === 0 ? [undefined] : tags.map((tag) => withTag(reference, tag));
}

const textOf = (name: string, tag: Reference | undefined): string => (tag === undefined ? name : `${canonicalName(tag)}:${tag.tag}`);

function present(images: ImageStore, id: Digest): Image {
  const image = images.get(id);
  if (image === undefined) throw new EngineError("not-found", `No such image: ${id}`, { code: "no-such-image" });
  return image;
}
