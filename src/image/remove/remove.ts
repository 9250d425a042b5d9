import type { EventSink } from "#events/contract.ts";
import type { Digest } from "#spec/digest.ts";
import type { Platform } from "#spec/platform.ts";
import { canonicalName, familiarString, parseReference, withDefaultTag, type Reference } from "#spec/reference.ts";
import type { Collector } from "./collector.ts";
import { emitImageEvent } from "../record/image-events.ts";
import type { ImageStore } from "../record/image-store.ts";
import type { Image } from "../record/image.ts";
import type { ContainerUse } from "../ports.ts";
import { deleteConflict, isSingleReference, untagConflict, type Conflict } from "./remove-conflicts.ts";
import { resolveImage } from "../record/resolve.ts";

export interface RemoveDeps {
  readonly images: ImageStore;
  readonly containers: ContainerUse;
  readonly collector: Collector;
  readonly events: EventSink;
}

export interface RemoveInput {
  readonly name: string;
  readonly force: boolean;
  /** Also parents that nobody names or uses any more. */
  readonly pruneParents: boolean;
  /** The image has to be for it. */
  readonly platform?: Platform | undefined;
}

export type RemovedItem = { readonly untagged: string } | { readonly deleted: Digest };

/**
 * Removes a name, and with the last name the image. By id all names go at once, as long as they are one tag and its digests.
 *
 * @throws EngineError `not-found`; `conflict` with Docker's texts, the soft kinds of which `force` overrides.
 */
export async function removeImage(deps: RemoveDeps, input: RemoveInput): Promise<RemovedItem[]> {
  const image = resolveImage(deps.images, input.name, input.platform);
  const removed: RemovedItem[] = [];
  let quiet = false;
  if (isIdPrefix(image.id, input.name)) {
    untagAll(deps, image, input.force, removed);
  } else {
    if (untagOne(deps, image, input, removed)) return removed;
    // The name is gone as was asked for; that a container still needs the image is no error then.
    quiet = true;
  }
  await deleteImage(deps, image.id, { force: input.force, pruneParents: input.pruneParents, quiet }, removed);
  return removed;
}

/** A name that is also the start of the image's id counts as the id, as in Docker. */
function isIdPrefix(id: Digest, name: string): boolean {
  return id.startsWith(name) || id.slice("sha256:".length).startsWith(name);
}

/** True when other names are left, so that nothing else is to be done. */
function untagOne(deps: RemoveDeps, image: Image, input: RemoveInput, removed: RemovedItem[]): boolean {
  const conflict = input.force ? undefined : untagConflict(image, input.name, deps.containers);
  if (conflict !== undefined) throw conflict;
  const reference = favourDigest(withDefaultTag(parseReference(input.name)));
  untag(deps, image, reference, removed);
  const left = deps.images.get(image.id)?.references ?? [];
  const isOfRepository = (other: Reference): boolean => canonicalName(other) === canonicalName(reference);
  const digests = left.filter((other) => other.digest !== undefined && isOfRepository(other));
  // Digests alone do not keep a repository's last tag alive.
  const isLastTag = reference.digest === undefined && !left.some((other) => other.digest === undefined && isOfRepository(other));
  if (!isLastTag) return left.length > 0;
  for (const digest of digests) dropReference(deps, digest, removed);
  return left.length > digests.length;
}

function untagAll(deps: RemoveDeps, image: Image, force: boolean, removed: RemovedItem[]): void {
  if (!isSingleReference(image.references)) return;
  const checks: Conflict[] = force ? ["child", "running"] : ["child", "running", "stopped"];
  const conflict = deleteConflict(deps, image, checks);
  if (conflict !== undefined) throw conflict.error;
  for (const reference of image.references) untag(deps, image, reference, removed);
}

async function deleteImage(
  deps: RemoveDeps,
  id: Digest,
  options: { force: boolean; pruneParents: boolean; quiet: boolean },
  removed: RemovedItem[],
): Promise<void> {
  const image = deps.images.get(id);
  if (image === undefined) return;
  const checks: Conflict[] = options.force ? ["child", "running"] : ["child", "running", "referenced", "stopped"];
  const conflict = deleteConflict(deps, image, checks);
  if (conflict !== undefined) {
    const isDangling = image.references.length === 0;
    if (options.quiet && (!isDangling || conflict.inUse)) return;
    throw conflict.error;
  }
  for (const reference of image.references) untag(deps, image, reference, removed);
  const blobs = deps.images.blobsOf(id);
  deps.images.remove(id);
  emitImageEvent(deps.events, "delete", id, undefined);
  removed.push({ deleted: id });
  const layers = await deps.collector.collectLayers(image.layers.map((layer) => layer.chainId).toReversed());
  removed.push(...layers.map((chainId) => ({ deleted: chainId })));
  await deps.collector.collectBlobs(blobs);
  if (!options.pruneParents || image.parent === undefined) return;
  await deleteImage(deps, image.parent, { force: false, pruneParents: true, quiet: true }, removed);
}

function untag(deps: RemoveDeps, image: Image, reference: Reference, removed: RemovedItem[]): void {
  dropReference(deps, reference, removed);
  emitImageEvent(deps.events, "untag", image.id, image);
}

function dropReference(deps: RemoveDeps, reference: Reference, removed: RemovedItem[]): void {
  deps.images.removeReference(reference);
  removed.push({ untagged: familiarString(reference) });
}

/** `name:tag@digest` is on record by its digest alone. */
function favourDigest(reference: Reference): Reference {
  return reference.digest === undefined ? reference : { ...reference, tag: undefined };
}
