import { EngineError } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import type { Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT, readKeptManifest } from "#spec/oci-image/manifest.ts";
import type { Descriptor } from "#spec/oci-image/types.ts";
import type { Platform } from "#spec/platform.ts";
import type { Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Assembly } from "../make/assembly.ts";
import { emitImageEvent } from "../record/image-events.ts";
import type { ImageStore } from "../record/image-store.ts";
import { digestOf, type Image } from "../record/image.ts";
import { ociMembers, planArchive, type SavedImage } from "./plan-archive.ts";
import { selectImages, type ImageToSave } from "./select-images.ts";
import { writeArchive } from "./write-archive.ts";

export interface SaveDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly events: EventSink;
  readonly openAssembly: () => Assembly;
}

export interface SaveInput {
  /** Tags, repositories (all their tags), digests, ids. */
  readonly names: readonly string[];
  /** Only for this platform. */
  readonly platform: Platform | undefined;
}

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

/**
 * An archive of images, which streams: memory is a few pieces, whatever their size. It holds layers as they are kept, so that what was pulled
 * has the digests that it came with, and can be loaded and pushed by them.
 *
 * @throws EngineError `not-found`, also for a layer whose archive is not kept; `invalid`.
 */
export async function saveImages(deps: SaveDeps, input: SaveInput, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const chosen = selectImages(deps.images, input.names, input.platform);
  const saved = await Promise.all(chosen.map((image) => savedImage(deps, image)));
  return archiveOf(deps, saved, signal);
}

export interface UnrecordedImage {
  readonly configBytes: Uint8Array;
  /** From the base up. */
  readonly layers: readonly Pick<Image["layers"][number], "diffId" | "blob">[];
  readonly tags: readonly Reference[];
}

/** As `saveImages`, of an image that is on no record; whoever asks holds what it is made of. @param form `oci` has nothing of Docker's in it. */
export function archiveUnrecorded(
  { content }: Pick<SaveDeps, "content">,
  { configBytes, layers, tags }: UnrecordedImage,
  form: "oci" | "docker",
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const id = digestOf(configBytes);
  const diffIds = layers.map(({ diffId }) => diffId);
  const kept = layers.map((layer) => keptLayer(content, layer));
  const members = planArchive([{ id, configBytes, parent: undefined, tags, diffIds, layers: kept, manifest: undefined }]);
  return writeArchive(content, form === "oci" ? ociMembers(members) : members, signal);
}

/** What is in it is held from the moment that somebody reads; what was removed until then ends the stream. */
async function* archiveOf(deps: SaveDeps, saved: readonly SavedImage[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  await using held = deps.openAssembly();
  for (const { layers } of saved) for (const { digest } of layers) await held.holdBlob(digest);
  yield* writeArchive(deps.content, planArchive(saved), signal);
  for (const { id } of saved) emitImageEvent(deps.events, "save", id, deps.images.get(id));
}

async function savedImage({ images, content }: SaveDeps, { image, tags }: ImageToSave): Promise<SavedImage> {
  const configBytes = images.configOf(image.id);
  const common = { id: image.id, configBytes, parent: image.parent, tags, diffIds: image.layers.map(({ diffId }) => diffId) };
  const own = await ownManifest(content, image);
  if (own !== undefined) return { ...common, ...own };
  return { ...common, layers: image.layers.map((layer) => keptLayer(content, layer)), manifest: undefined };
}

/** The manifest that the image came by, when all that it names is here. */
async function ownManifest(content: ContentStore, { manifest }: Image): Promise<Pick<SavedImage, "manifest" | "layers"> | undefined> {
  if (manifest === undefined || content.sizeOf(manifest) === undefined) return undefined;
  const bytes = await content.read(manifest, MANIFEST_LIMIT);
  const parsed = readKeptManifest(bytes);
  if (parsed.kind !== "image") return undefined;
  const { layers } = parsed.manifest;
  const isWhole = layers.every(({ digest, size }) => content.sizeOf(digest) === size);
  return isWhole ? { layers, manifest: { bytes, mediaType: parsed.mediaType } } : undefined;
}

function keptLayer(content: ContentStore, { diffId, blob }: { diffId: Digest; blob: Image["layers"][number]["blob"] }): Blob {
  const size = blob === undefined ? undefined : content.sizeOf(blob.digest);
  if (blob !== undefined && size !== undefined) return { ...blob, size };
  throw new EngineError("not-found", `the archive of layer ${diffId} is not here any more: pull or load the image again`);
}
