import { buildManifest } from "#distribution/push/build-manifest.ts";
import { asKept, asManifestSays, type KnownBlobs, type LayerSource } from "#distribution/push/plan-layers.ts";
import type { Image } from "#image/record/image.ts";
import { type BlobDigest, digestOf } from "#registry/protocol/digest.ts";
import type { Manifest } from "#registry/repositories/contract.ts";
import type { Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT, readKeptManifest } from "#spec/oci-image/manifest.ts";
import type { Descriptor } from "#spec/oci-image/types.ts";
import type { ContentStore } from "#store/content/contract.ts";

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

export interface ServedManifest extends Manifest {
  readonly layers: readonly ServedLayer[];
}

export interface ServedLayer extends Blob {
  /** It is not kept: compressing this archive gave it before, and gives it again. */
  readonly madeFrom?: Digest;
}

export interface ManifestDeps {
  readonly content: ContentStore;
  readonly configOf: (id: Digest) => Uint8Array;
  /** What compressing a layer gave another time. */
  readonly compressedAs: KnownBlobs["compressedAs"];
}

/**
 * The manifest that an image is served by: the one it came by, as long as the archives that it names are here, or can be made again from what is;
 * else one of the archives as they are kept, uncompressed ones among them. Undefined where an archive is gone.
 */
export async function servedManifest({ content, configOf, compressedAs }: ManifestDeps, image: Image): Promise<ServedManifest | undefined> {
  const known: KnownBlobs = { sizeOf: (digest) => content.sizeOf(digest), compressedAs };
  return (await asItCame(content, image, known)) ?? asItIsKept(image, configOf(image.id), known);
}

async function asItCame(content: ContentStore, image: Image, known: KnownBlobs): Promise<ServedManifest | undefined> {
  if (image.manifest === undefined || content.sizeOf(image.manifest) === undefined) return undefined;
  const bytes = await content.read(image.manifest, MANIFEST_LIMIT);
  const parsed = readKeptManifest(bytes);
  if (parsed.kind !== "image") return undefined;
  const layers: ServedLayer[] = [];
  for (const source of asManifestSays(image.layers, parsed.manifest, known) ?? [undefined]) {
    const layer = source?.kind === "archive" ? toBeHad(source, image, known) : undefined;
    if (layer === undefined) return undefined;
    layers.push(layer);
  }
  return { digest: image.manifest, mediaType: parsed.mediaType, bytes, layers };
}

function toBeHad(
  { blob, isHere, diffId }: Extract<LayerSource, { kind: "archive" }>,
  image: Image,
  known: KnownBlobs,
): ServedLayer | undefined {
  if (isHere) return blob;
  const kept = image.layers.find((layer) => layer.diffId === diffId)?.blob?.digest;
  const isMade = kept !== undefined && known.sizeOf(kept) !== undefined && known.compressedAs(diffId)?.digest === blob.digest;
  return isMade ? { ...blob, madeFrom: kept } : undefined;
}

function asItIsKept(image: Image, config: Uint8Array, known: KnownBlobs): ServedManifest | undefined {
  const layers: Blob[] = [];
  for (const layer of asKept(image.layers, known)) {
    if (layer.kind === "missing") return undefined;
    const { digest, size, mediaType } = layer.kind === "archive" ? layer.blob : plainBlob(image, layer);
    layers.push({ digest, size, mediaType });
  }
  const { bytes, mediaType } = buildManifest({ digest: image.id, size: config.length }, layers);
  return { digest: digestOf(bytes) as BlobDigest, bytes, mediaType, layers };
}

function plainBlob(image: Image, { blob, size }: { readonly blob: Digest; readonly size: number }): Blob {
  const mediaType = image.layers.find((layer) => layer.blob?.digest === blob)?.blob?.mediaType ?? "";
  return { digest: blob, size, mediaType };
}
