import { digestOf } from "../record/image.ts";
import { layoutManifests, type LayoutManifest } from "./oci-layout.ts";
import { isDigest } from "#spec/digest.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { parseReference, type Reference } from "#spec/reference.ts";
import { layerMember, smallMember, type ArchivedImage, type ArchiveSource } from "./archived-image.ts";
import { asRecord, asStrings, parseDocument } from "./json-document.ts";
import { invalid } from "./members.ts";

const MOST_IMAGES = 1000;

/**
 * The form of `docker save`: manifest.json lists images, each with its configuration and its layers by their names in the archive.
 *
 * @throws EngineError `invalid`.
 */
export async function* readDockerArchive(source: ArchiveSource): AsyncGenerator<ArchivedImage> {
  const list = parseDocument(source.members.document("manifest.json"), "manifest.json");
  if (!Array.isArray(list) || list.length > MOST_IMAGES) throw invalid("manifest.json is not a list of images");
  const manifests = await layoutManifests(source);
  for (const item of list) yield withManifest(await readItem(source, asRecord(item, "an image of manifest.json")), manifests);
}

/**
 * The manifest that the layout beside it has of the very same image: with it the image keeps its digest. One of plain layers came from no
 * registry: it was made for the archive.
 */
function withManifest(image: ArchivedImage, manifests: readonly LayoutManifest[]): ArchivedImage {
  if (image.layers.some(({ mediaType }) => mediaType === mediaTypes.ociLayer)) return image;
  const id = digestOf(image.configBytes);
  const own = manifests.find(({ manifest }) => {
    const isSame = manifest.layers.every(({ digest }, index) => digest === image.layers[index]?.digest);
    return manifest.config.digest === id && manifest.layers.length === image.layers.length && isSame;
  });
  if (own === undefined) return image;
  return { ...image, manifest: own.digest, blobs: [own.digest] };
}

async function readItem(source: ArchiveSource, item: Readonly<Record<string, unknown>>): Promise<ArchivedImage> {
  const { Config: config, Parent: parent } = item;
  if (typeof config !== "string") throw invalid("Config of manifest.json is not a string");
  return {
    configBytes: await smallMember(source, config),
    layers: asStrings(item["Layers"], "Layers of manifest.json").map((name) => layerMember(source.members, name)),
    references: asStrings(item["RepoTags"], "RepoTags of manifest.json").map(taggedReference),
    ...(typeof parent === "string" && isDigest(parent) ? { parent } : {}),
  };
}

/** @throws EngineError `invalid`. */
function taggedReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag === undefined || reference.digest !== undefined) throw invalid(`invalid tag ${JSON.stringify(text.slice(0, 200))}`);
  return reference;
}
