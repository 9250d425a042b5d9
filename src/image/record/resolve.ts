import { EngineError } from "#errors/engine-error.ts";
import { familiarString, parseImageName, withDefaultTag, type ImageName } from "#spec/reference.ts";
import { formatPlatform, imageMatches, normalizePlatform, type Platform } from "#spec/platform.ts";
import type { Image } from "./image.ts";
import type { ImageStore } from "./image-store.ts";

/**
 * Finds the image that a caller means by a tag, a repository digest, an id, or the first digits of one, in that order: a name that
 * is also the start of an id is the name.
 *
 * @throws EngineError `invalid` for what is no name at all, `not-found` with the text that clients look for.
 */
export function resolveImage(images: ImageStore, text: string, platform?: Platform): Image {
  const name = parseImageName(text);
  const image = find(images, text, name);
  if (image === undefined) throw new EngineError("not-found", `No such image: ${shown(name)}`, { code: "no-such-image" });
  if (platform !== undefined) checkPlatform(image, text, platform);
  return image;
}

function find(images: ImageStore, text: string, name: ImageName): Image | undefined {
  if (name.kind === "id") return images.get(name.id);
  const id = images.idOf(withDefaultTag(name.reference));
  return id === undefined ? byPrefix(images, text) : images.get(id);
}

/** An ambiguous prefix names nothing, as in Docker. */
function byPrefix(images: ImageStore, text: string): Image | undefined {
  const hex = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
  const ids = hex === undefined ? [] : images.idsByPrefix(hex);
  return ids.length === 1 && ids[0] !== undefined ? images.get(ids[0]) : undefined;
}

function shown(name: ImageName): string {
  return name.kind === "id" ? name.id : familiarString(withDefaultTag(name.reference));
}

function checkPlatform(image: Image, text: string, wanted: Platform): void {
  if (imageMatches(wanted, image.config)) return;
  const found = formatPlatform(normalizePlatform(image.config));
  throw new EngineError(
    "not-found",
    `image with reference ${text} was found but its platform (${found}) does not match the specified platform (${formatPlatform(wanted)})`,
  );
}
