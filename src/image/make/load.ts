import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { imageMatches, type Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { familiarString } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ArchivedImage, ArchiveSource } from "../archive/archived-image.ts";
import { readDockerArchive } from "../archive/docker-archive.ts";
import { readLegacyArchive } from "../archive/legacy-archive.ts";
import { invalid } from "../archive/members.ts";
import { readOciLayout } from "../archive/oci-layout.ts";
import { readArchive } from "../archive/read-archive.ts";
import type { Assembly } from "./assembly.ts";
import type { IntakeDeps } from "./intake-deps.ts";
import { parseImageConfig } from "../record/image-config.ts";
import { emitImageEvent } from "../record/image-events.ts";
import { shortId, type Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";

export interface LoadInput {
  readonly archive: AsyncIterable<Uint8Array>;
  /** Only images for this platform. */
  readonly platform: Platform | undefined;
  /** No progress of single layers. */
  readonly quiet: boolean;
}

/**
 * Takes images in from an archive: of `docker save` (new and old form) or an OCI image layout, plain or compressed.
 *
 * @throws EngineError `invalid` for a broken or hostile archive. Images that were whole before the fault stay, as in Docker.
 */
export async function loadImages(deps: IntakeDeps, input: LoadInput, progress: ProgressSink, signal: AbortSignal): Promise<void> {
  await using assembly = deps.openAssembly();
  const members = await readArchive({ content: deps.content, assembly }, input.archive, deps.limits, signal);
  const unnamed: string[] = [];
  const built: { id: Digest; parent: Digest }[] = [];
  for await (const archived of imagesOf({ members, content: deps.content }, input.platform ?? deps.hostPlatform)) {
    if (input.platform !== undefined && !imageMatches(input.platform, parseImageConfig(archived.configBytes))) continue;
    const id = await loadImage(deps, assembly, archived, input.quiet ? () => undefined : progress, progress, signal);
    if (archived.references.length === 0) unnamed.push(id);
    if (archived.parent !== undefined) built.push({ id, parent: archived.parent });
  }
  // A parent may come after its child.
  for (const { id, parent } of built) linkParent(deps.images, id, parent);
  for (const id of unnamed) progress({ stream: `Loaded image ID: ${id}\n` });
}

/** An archive may hold several forms at once: `docker save` writes an OCI layout beside its manifest.json. */
function imagesOf(source: ArchiveSource, platform: Platform): AsyncIterable<ArchivedImage> {
  if (source.members.has("manifest.json")) return readDockerArchive(source);
  if (source.members.has("index.json")) return readOciLayout(source, platform);
  if (source.members.has("repositories")) return readLegacyArchive(source);
  throw invalid("does not contain a manifest.json");
}

async function loadImage(
  deps: IntakeDeps,
  assembly: Assembly,
  archived: ArchivedImage,
  layerProgress: ProgressSink,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<Digest> {
  await importLayers(deps.content, assembly, archived, layerProgress, signal);
  await assembly.keepBytes(archived.configBytes, signal);
  const { id, moved } = assembly.commit({ ...archived, layerBlobs: archived.layers }, Date.now());
  for (const { reference, from } of moved) {
    progress({ stream: `The image ${familiarString(reference)} already exists, renaming the old one with ID ${from} to empty string\n` });
  }
  for (const reference of archived.references) progress({ stream: `Loaded image: ${familiarString(reference)}\n` });
  emitImageEvent(deps.events, "load", id, deps.images.get(id));
  return id;
}

async function importLayers(
  content: ContentStore,
  assembly: Assembly,
  archived: ArchivedImage,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const config = parseImageConfig(archived.configBytes);
  if (config.os !== "linux") throw new EngineError("invalid", `cannot load ${config.os.slice(0, 100)} image on linux`);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== archived.layers.length) {
    throw new EngineError("invalid", `invalid manifest, layers length mismatch: expected ${archived.layers.length}, got ${diffIds.length}`);
  }
  const chain = chainIds(diffIds);
  for (const [index, diffId] of diffIds.entries()) {
    const [chainId, blob] = [chain[index], archived.layers[index]];
    if (chainId === undefined || blob === undefined) continue;
    if ((await assembly.holdLayer(chainId)) && assembly.hasArchive(diffId)) continue;
    const total = content.sizeOf(blob.digest) ?? 0;
    const step = (current: number): void => progress({ status: "Loading layer", id: shortId(diffId), progressDetail: { current, total } });
    await importNamed(assembly, { chainId, parent: chain[index - 1], diffId, blob: blob.digest, onProgress: step }, signal);
    step(total);
  }
}

async function importNamed(assembly: Assembly, layer: Parameters<Assembly["importLayer"]>[0], signal: AbortSignal): Promise<void> {
  try {
    await assembly.importLayer(layer, signal);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new EngineError(error.category, `layer ${layer.diffId}: ${error.message}`, {
      cause: error,
      ...(error.code === undefined ? {} : { code: error.code }),
    });
  }
}

/** Only a parent that is here, whose layers the image begins with, and that is not itself built from the image. */
function linkParent(images: ImageStore, id: Digest, parent: Digest): void {
  const [child, below] = [images.get(id), images.get(parent)];
  if (child === undefined || below === undefined || isAncestor(images, below, id)) return;
  const isBase = below.layers.every((layer, index) => child.layers[index]?.chainId === layer.chainId);
  if (isBase) images.setParent(id, parent);
}

function isAncestor(images: ImageStore, image: Image, id: Digest): boolean {
  for (let next: Image | undefined = image; next !== undefined; next = next.parent === undefined ? undefined : images.get(next.parent)) {
    if (next.id === id) return true;
  }
  return false;
}
