import type { Digest } from "#spec/digest.ts";
import { mediaTypes, type Descriptor, type ImageManifest } from "#spec/oci-image/types.ts";

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

/** How a layer is to be had. */
export type LayerSource =
  /** As it came, or as the registry has it already, which alone helps where `isHere` is false. */
  | { readonly kind: "archive"; readonly diffId: Digest; readonly blob: Blob; readonly isHere: boolean }
  /** Plain: to be compressed on the way. `earlier` is what that gave another time. */
  | { readonly kind: "plain"; readonly diffId: Digest; readonly blob: Digest; readonly size: number; readonly earlier: Earlier | undefined }
  | { readonly kind: "missing"; readonly diffId: Digest };

export interface Earlier {
  readonly digest: Digest;
  readonly size: number;
}

export interface LayerOfImage {
  readonly diffId: Digest;
  readonly blob: { readonly digest: Digest; readonly mediaType: string } | undefined;
}

/** What is known beside the image. */
export interface KnownBlobs {
  /** Bytes of a blob that is here. */
  sizeOf(digest: Digest): number | undefined;
  compressedAs(diffId: Digest): Earlier | undefined;
}

const PLAIN: ReadonlySet<string> = new Set([mediaTypes.ociLayer, mediaTypes.dockerLayer]);

/** The layers as the image's own manifest names them: pushed so, its digest stays. */
export function asManifestSays(layers: readonly LayerOfImage[], manifest: ImageManifest, known: KnownBlobs): LayerSource[] | undefined {
  if (layers.length !== manifest.layers.length) return undefined;
  return manifest.layers.map((blob, index) => ({
    kind: "archive",
    diffId: (layers[index] as LayerOfImage).diffId,
    blob,
    isHere: known.sizeOf(blob.digest) === blob.size,
  }));
}

/** The layers as they are kept here: for a manifest that has yet to be made. */
export function asKept(layers: readonly LayerOfImage[], known: KnownBlobs): LayerSource[] {
  return layers.map((layer) => keptLayer(layer, known));
}

function keptLayer({ diffId, blob }: LayerOfImage, known: KnownBlobs): LayerSource {
  const size = blob === undefined ? undefined : known.sizeOf(blob.digest);
  if (blob === undefined || size === undefined) return { kind: "missing", diffId };
  if (!PLAIN.has(blob.mediaType)) return { kind: "archive", diffId, blob: { ...blob, size }, isHere: true };
  return { kind: "plain", diffId, blob: blob.digest, size, earlier: known.compressedAs(diffId) };
}
