import { hexOf, type Digest } from "#spec/digest.ts";
import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";
import { canonicalString, familiarName, familiarString, type Reference } from "#spec/reference.ts";
import { digestOf } from "../record/image.ts";

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

/** An image as it goes into an archive. */
export interface SavedImage {
  readonly id: Digest;
  readonly configBytes: Uint8Array;
  /** The image that it was built from. */
  readonly parent: Digest | undefined;
  readonly tags: readonly Reference[];
  readonly diffIds: readonly Digest[];
  /** The archives of its layers, as they are kept. */
  readonly layers: readonly Blob[];
  /** The manifest that it came by, which names these very layers; undefined: one is made. */
  readonly manifest: { readonly bytes: Uint8Array; readonly mediaType: string } | undefined;
}

/** A member of the archive: at hand, or a blob of the content store. */
export type ArchiveMember =
  | { readonly name: string; readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly name: string; readonly kind: "blob"; readonly digest: Digest; readonly size: number };

const OCI_LAYERS: Readonly<Record<string, string>> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
};

/** What reads an OCI layout needs, and nothing beside it. */
const OF_LAYOUT = /^(?:blobs\/|index\.json$|oci-layout$)/;

export function ociMembers(members: readonly ArchiveMember[]): ArchiveMember[] {
  return members.filter(({ name }) => OF_LAYOUT.test(name));
}

/**
 * What `docker save` writes since Docker 25: an OCI image layout with the older manifest.json and repositories beside it, which name the same
 * blobs. The same images give the same archive.
 */
export function planArchive(images: readonly SavedImage[]): ArchiveMember[] {
  const blobs = new Map<string, ArchiveMember>();
  const put = (member: ArchiveMember): void => void blobs.set(member.name, member);
  const manifests: object[] = [];
  for (const image of images) {
    const { bytes, mediaType } = image.manifest ?? madeManifest(image);
    put({ name: blobName(image.id), kind: "bytes", bytes: image.configBytes });
    put({ name: blobName(digestOf(bytes)), kind: "bytes", bytes });
    for (const { digest, size } of image.layers) put({ name: blobName(digest), kind: "blob", digest, size });
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    manifests.push(...(image.tags.length === 0 ? [descriptor] : image.tags.map((tag) => ({ ...descriptor, annotations: namesOf(tag) }))));
  }
  return [
    ...[...blobs.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    json("index.json", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    json("manifest.json", dockerManifest(images)),
    json("oci-layout", { imageLayoutVersion: "1.0.0" }),
    json("repositories", repositories(images)),
  ];
}

function madeManifest({ id, configBytes, layers }: SavedImage): { bytes: Uint8Array; mediaType: string } {
  const mediaType = mediaTypes.ociManifest;
  const config = { mediaType: mediaTypes.ociConfig, digest: id, size: configBytes.length };
  const document = { schemaVersion: 2, mediaType, config, layers: layers.map(ociLayer) };
  return { bytes: Buffer.from(JSON.stringify(document)), mediaType };
}

function ociLayer({ mediaType, digest, size }: Blob): Blob {
  return { mediaType: OCI_LAYERS[mediaType] ?? mediaType, digest, size };
}

function namesOf(tag: Reference): Readonly<Record<string, string>> {
  return { "io.containerd.image.name": canonicalString(tag), "org.opencontainers.image.ref.name": tag.tag ?? "latest" };
}

/** manifest.json, which Docker's `load` reads. */
function dockerManifest(images: readonly SavedImage[]): object[] {
  const ids = new Set(images.map(({ id }) => id));
  return images.map(({ id, parent, tags, layers, diffIds }) => ({
    Config: blobName(id),
    RepoTags: tags.length === 0 ? null : tags.map(familiarString),
    Layers: layers.map(({ digest }) => blobName(digest)),
    LayerSources: Object.fromEntries(layers.map((layer, index) => [diffIds[index], ociLayer(layer)])),
    ...(parent !== undefined && ids.has(parent) ? { Parent: parent } : {}),
  }));
}

function repositories(images: readonly SavedImage[]): object {
  const names: Record<string, Record<string, string>> = {};
  for (const { tags, layers } of images) {
    const top = layers.at(-1);
    if (top !== undefined) for (const tag of tags) (names[familiarName(tag)] ??= {})[tag.tag ?? "latest"] = hexOf(top.digest);
  }
  return names;
}

function json(name: string, value: unknown): ArchiveMember {
  return { name, kind: "bytes", bytes: Buffer.from(JSON.stringify(value)) };
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
