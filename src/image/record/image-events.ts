import type { EventSink } from "#events/contract.ts";
import type { Digest } from "#spec/digest.ts";
import type { Image } from "./image.ts";
import { labelsOf } from "./image.ts";

type ImageAction = "create" | "tag" | "untag" | "delete" | "load" | "save" | "import";

/** Tells of a change. Docker names the image by id everywhere but at `tag`, where `name` is the new reference. */
export function emitImageEvent(events: EventSink, action: ImageAction, id: Digest, image: Image | undefined, name: string = id): void {
  const labels = image === undefined ? {} : labelsOf(image);
  events.emit({ type: "image", action, id, attributes: { ...labels, name } });
}
