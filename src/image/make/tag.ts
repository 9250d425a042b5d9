import { EngineError } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import { familiarName, familiarString, parseReference, withDefaultTag, withTag, type Reference } from "#spec/reference.ts";
import type { ImageStore } from "../record/image-store.ts";
import { emitImageEvent } from "../record/image-events.ts";
import { resolveImage } from "../record/resolve.ts";

/**
 * The reference that the parameters `repo` and `tag` of an API call name; undefined when `repo` is empty.
 *
 * @throws EngineError `invalid`.
 */
export function parseRepoTag(repo: string, tag: string): Reference | undefined {
  if (repo === "") return undefined;
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw new EngineError("invalid", "cannot import digest reference");
  const tagged = tag === "" ? withDefaultTag(reference) : withTag(reference, tag);
  // `sha256:latest` would read as a digest.
  if (familiarName(tagged) === "sha256") {
    throw new EngineError("invalid", "refusing to create an ambiguous tag using digest algorithm as name");
  }
  return tagged;
}

export interface TagInput {
  readonly name: string;
  readonly repo: string;
  readonly tag: string;
}

/** Points a tag at an image; a tag that exists is moved. @throws EngineError `invalid`, `not-found`. */
export function tagImage(deps: { images: ImageStore; events: EventSink }, input: TagInput, now: number): void {
  const reference = parseRepoTag(input.repo, input.tag);
  if (reference === undefined) throw new EngineError("invalid", "invalid reference format: repo is empty");
  const image = resolveImage(deps.images, input.name);
  deps.images.setReference(reference, image.id, now);
  emitImageEvent(deps.events, "tag", image.id, image, familiarString(reference));
}
