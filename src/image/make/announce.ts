import type { EventSink } from "#events/contract.ts";
import type { Digest } from "#spec/digest.ts";
import { familiarString, type Reference } from "#spec/reference.ts";
import { emitImageEvent } from "../record/image-events.ts";
import type { ImageStore } from "../record/image-store.ts";

/** Tells of an image that was made here, and of the names that it has got. */
export function announceImage(deps: { images: ImageStore; events: EventSink }, id: Digest, references: readonly Reference[]): void {
  const image = deps.images.get(id);
  emitImageEvent(deps.events, "create", id, image);
  for (const reference of references) emitImageEvent(deps.events, "tag", id, image, familiarString(reference));
}
