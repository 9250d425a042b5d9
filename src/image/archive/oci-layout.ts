import { isEngineError } from "#errors/engine-error.ts";
import { readManifest, MANIFEST_LIMIT } from "#spec/oci-image/manifest.ts";
import { selectManifest } from "#spec/oci-image/select.ts";
import type { Descriptor, ImageManifest } from "#spec/oci-image/types.ts";
import { hexOf, type Digest } from "#spec/digest.ts";
import type { Platform } from "#spec/platform.ts";
import { parseReference, type Reference } from "#spec/reference.ts";
import { smallMember, type ArchivedImage, type ArchiveSource } from "./archived-image.ts";
import { parseDocument } from "./json-document.ts";
import { invalid } from "./members.ts";

/** An index in an index in an index; nobody goes deeper. */
const DEEPEST = 3;

/**
 * An OCI image layout: index.json leads to manifests, all else lies under blobs/sha256. Of an image for several platforms the wanted
 * one is taken.
 *
 * @throws EngineError `invalid`; `not-found` when no image of it is for the platform.
 */
export async function* readOciLayout(source: ArchiveSource, platform: Platform): AsyncGenerator<ArchivedImage> {
  const top = readManifest(parseDocument(source.members.document("index.json"), "index.json"), undefinedType(source));
  if (top.kind !== "index") throw invalid("index.json is not an index");
  for (const entry of top.index.manifests) yield await readEntry(source, entry, platform);
}

/** A manifest that a layout's index.json names. */
export interface LayoutManifest {
  readonly digest: Digest;
  readonly manifest: ImageManifest;
}

/** What the layout has of manifests, as far as it can be read: nobody relies on it, since Docker does not look there. */
export async function layoutManifests(source: ArchiveSource): Promise<LayoutManifest[]> {
  const found: LayoutManifest[] = [];
  try {
    if (!source.members.has("index.json")) return found;
    const top = readManifest(parseDocument(source.members.document("index.json"), "index.json"), undefinedType(source));
    for (const entry of top.kind === "index" ? top.index.manifests : []) {
      const parsed = readManifest(parseDocument(await blobOf(source, entry), entry.digest), entry.mediaType);
      if (parsed.kind === "image") found.push({ digest: entry.digest, manifest: parsed.manifest });
    }
  } catch (error) {
    if (!isEngineError(error)) throw error;
  }
  return found;
}

/** index.json may leave its media type out, and nothing announces it. */
function undefinedType({ members }: ArchiveSource): string | undefined {
  const value = parseDocument(members.document("index.json"), "index.json");
  const own = typeof value === "object" && value !== null && "mediaType" in value ? value.mediaType : undefined;
  return own === undefined ? "application/vnd.oci.image.index.v1+json" : undefined;
}

async function readEntry(source: ArchiveSource, entry: Descriptor, platform: Platform): Promise<ArchivedImage> {
  const blobs: Digest[] = [];
  const manifest = await descend(source, entry, platform, blobs);
  return {
    configBytes: await blobOf(source, manifest.config),
    layers: manifest.layers.map(({ digest, mediaType }) => ({ digest: checked(source, digest), mediaType })),
    manifest: blobs.at(-1) ?? entry.digest,
    blobs,
    references: referencesOf(entry),
  };
}

/** Follows indexes down to the image for the platform; `blobs` gets every document on the way. */
async function descend(source: ArchiveSource, from: Descriptor, platform: Platform, blobs: Digest[]): Promise<ImageManifest> {
  let entry = from;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const document = parseDocument(await blobOf(source, entry), entry.digest);
    const parsed = readManifest(document, entry.mediaType);
    blobs.push(entry.digest);
    if (parsed.kind === "image") return parsed.manifest;
    entry = selectManifest(parsed.index, platform);
  }
  throw invalid(`${from.digest} has more than ${DEEPEST} indexes inside each other`);
}

async function blobOf(source: ArchiveSource, { digest, size }: Descriptor): Promise<Uint8Array> {
  if (size > MANIFEST_LIMIT) throw invalid(`${digest} has ${size} bytes; at most ${MANIFEST_LIMIT} are read`);
  return smallMember(source, blobName(digest));
}

function checked({ members }: ArchiveSource, digest: Digest): Digest {
  members.get(blobName(digest));
  return digest;
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** containerd writes the whole name; the specification's annotation is often a tag alone, which names nothing here. */
function referencesOf({ annotations = {} }: Descriptor): Reference[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  if (name === undefined || !/[:/]/.test(name)) return [];
  try {
    const reference = parseReference(name);
    return reference.digest === undefined ? [{ ...reference, tag: reference.tag ?? "latest" }] : [];
  } catch (error) {
    if (isEngineError(error, "invalid")) throw invalid(`invalid tag ${JSON.stringify(name.slice(0, 200))}`, error);
    throw error;
  }
}
