import { isUtf8 } from "node:buffer";
import { parseJsonText } from "#lib/json/text.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { type BlobDigest, isBlobDigest } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";

/** Most bytes of a manifest: what the specification asks a registry to take at least. */
export const MANIFEST_LIMIT = 4 * 1024 * 1024;
/** Indexes inside each other. Nobody has a use for more than two; each level is one more request of a client that follows. */
export const MOST_LEVELS = 8;
const MOST_DESCRIPTORS = 10_000;
/** Deeper than any manifest, shallow enough for every reader. */
const JSON_LIMITS = { depth: 32, keys: 200_000 } as const;

export interface NamedContent {
  readonly digest: BlobDigest;
  readonly size: number;
}

/** What a registry has to know of a manifest: everything that it names, and how a list of referrers shows it. */
export interface ReadManifest {
  readonly mediaType: string;
  /** Configuration and layers, which have to be here. */
  readonly blobs: readonly NamedContent[];
  /** Manifests of an index, which have to be here. */
  readonly manifests: readonly NamedContent[];
  /** What it is about; need not be here. */
  readonly subject: BlobDigest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

type Document = Readonly<Record<string, unknown>>;
type Kind = "image" | "index";

const KINDS: Readonly<Record<string, Kind>> = {
  [mediaTypes.ociManifest]: "image",
  [mediaTypes.dockerManifest]: "image",
  [mediaTypes.ociIndex]: "index",
  [mediaTypes.dockerList]: "index",
};

/**
 * Reads a manifest as it was pushed, so that it has one meaning: it is of the type it is announced as and the one it says itself, and has
 * the fields of that kind and not of the other (CVE-2021-41190).
 *
 * @param announced the Content-Type, without parameters; undefined where there was none.
 * @throws RegistryError `MANIFEST_INVALID`.
 */
export function readManifest(bytes: Uint8Array, announced: string | undefined): ReadManifest {
  const document = parse(bytes);
  const mediaType = mediaTypeOf(document, announced);
  const kind = KINDS[mediaType];
  if (kind === undefined) throw invalid(`manifests of the media type ${mediaType.slice(0, 200)} are not taken`);
  if (document["schemaVersion"] !== 2) throw invalid("schemaVersion is not 2");
  const isImage = document["config"] !== undefined || document["layers"] !== undefined;
  const isIndex = document["manifests"] !== undefined;
  if (kind === "image" ? isIndex : isImage) throw invalid("it has the fields of an image and of an index");
  return { mediaType, ...(kind === "image" ? readImage(document) : readIndex(document)), ...readAbout(document) };
}

function parse(bytes: Uint8Array): Document {
  if (!isUtf8(bytes)) throw invalid("it is not UTF-8");
  try {
    return asObject(parseJsonText(Buffer.from(bytes).toString("utf8"), JSON_LIMITS), "the document");
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause;
    throw invalid(`it is not JSON: ${(cause as Error).message}`, cause);
  }
}

function mediaTypeOf(document: Document, announced: string | undefined): string {
  const own = document["mediaType"];
  if (own !== undefined && typeof own !== "string") throw invalid("mediaType is not a text");
  if (own !== undefined && announced !== undefined && own !== announced) {
    throw invalid(`it is sent as ${announced.slice(0, 200)} and says it is ${own.slice(0, 200)}`);
  }
  const mediaType = announced ?? own;
  if (mediaType === undefined) throw invalid("it has no media type");
  return mediaType;
}

function readImage(document: Document): Pick<ReadManifest, "blobs" | "manifests"> {
  const layers = document["layers"] === undefined ? [] : listOf(document, "layers");
  return { blobs: [descriptorOf(document["config"], "config"), ...layers].filter((item) => !item.elsewhere), manifests: [] };
}

function readIndex(document: Document): Pick<ReadManifest, "blobs" | "manifests"> {
  const entries = listOf(document, "manifests");
  const isManifest = ({ mediaType }: { mediaType: string }): boolean => KINDS[mediaType] !== undefined;
  return { blobs: entries.filter((entry) => !isManifest(entry)), manifests: entries.filter(isManifest) };
}

function readAbout(document: Document): Pick<ReadManifest, "subject" | "artifactType" | "annotations"> {
  const { subject, artifactType, annotations, config } = document;
  if (artifactType !== undefined && typeof artifactType !== "string") throw invalid("artifactType is not a text");
  // An image that does not say what it is is known by its configuration (image-spec 1.1, "guidelines for artifact usage").
  const implied = typeof config === "object" && config !== null && "mediaType" in config ? config.mediaType : undefined;
  const type = artifactType === undefined || artifactType === "" ? implied : artifactType;
  return {
    subject: subject === undefined || subject === null ? undefined : descriptorOf(subject, "subject").digest,
    artifactType: typeof type === "string" ? type : undefined,
    annotations: annotationsOf(annotations),
  };
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const annotations = asObject(value, "annotations");
  if (!Object.values(annotations).every((text) => typeof text === "string")) throw invalid("annotations has a value that is no text");
  return annotations as Readonly<Record<string, string>>;
}

interface ReadDescriptor extends NamedContent {
  readonly mediaType: string;
  /** A layer that its author lets nobody pass on; clients fetch it from the addresses that it names. */
  readonly elsewhere: boolean;
}

function listOf(document: Document, field: string): ReadDescriptor[] {
  const list = document[field];
  if (!Array.isArray(list)) throw invalid(`${field} is not a list`);
  if (list.length > MOST_DESCRIPTORS) throw invalid(`${field} has more than ${MOST_DESCRIPTORS} entries`);
  return list.map((item, index) => descriptorOf(item, `${field}[${index}]`));
}

function descriptorOf(value: unknown, where: string): ReadDescriptor {
  const { mediaType, digest, size } = asObject(value, where);
  if (typeof mediaType !== "string") throw invalid(`${where}.mediaType is not a text`);
  if (typeof digest !== "string" || !isBlobDigest(digest)) throw invalid(`${where}.digest is not a digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalid(`${where}.size is not a size`);
  return { mediaType, digest, size, elsewhere: mediaType.includes(".foreign.") || mediaType.includes(".nondistributable.") };
}

function asObject(value: unknown, where: string): Document {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Document;
  throw invalid(`${where} is not an object`);
}

function invalid(message: string, cause?: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `the manifest cannot be taken: ${message}`, { cause });
}
