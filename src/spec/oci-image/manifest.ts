import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { isDigest } from "#spec/digest.ts";
import { mediaTypes, type Descriptor, type ImageIndex, type ImageManifest, type OciPlatform } from "./types.ts";

/** Largest manifest or index that is read; the distribution specification asks registries to take at least this. */
export const MANIFEST_LIMIT = 4 * 1024 * 1024;
const MOST_LAYERS = 500;
const MOST_MANIFESTS = 1000;

export type ParsedManifest =
  | { readonly kind: "image"; readonly mediaType: string; readonly manifest: ImageManifest }
  | { readonly kind: "index"; readonly mediaType: string; readonly index: ImageIndex };

type Document = Readonly<Record<string, unknown>>;

const KINDS: Readonly<Record<string, ParsedManifest["kind"]>> = {
  [mediaTypes.ociManifest]: "image",
  [mediaTypes.dockerManifest]: "image",
  [mediaTypes.ociIndex]: "index",
  [mediaTypes.dockerList]: "index",
};

const SCHEMA_1 = ["application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws"];

/** Configurations of images, and the words dockerd has for what is none. */
const CONFIGS: Readonly<Record<string, string>> = {
  [mediaTypes.ociManifest]: mediaTypes.ociConfig,
  [mediaTypes.dockerManifest]: mediaTypes.dockerConfig,
};

const LAYERS: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
]);

/**
 * Reads a manifest or an index so that it has one meaning: its media type is the one it was announced with and the one it says
 * itself, and it has the fields of that kind and not of the other (CVE-2021-41190: one digest read as two different images).
 *
 * @param value the parsed JSON.
 * @param announced media type of the response's header or of the descriptor that led here; undefined where there is none.
 * @throws EngineError `invalid`.
 */
export function readManifest(value: unknown, announced: string | undefined): ParsedManifest {
  const document = asObject(value, "the document");
  const mediaType = mediaTypeOf(document, announced);
  const kind = KINDS[mediaType];
  if (kind === undefined) throw invalid(`unsupported media type ${mediaType.slice(0, 200)}`);
  const hasImage = document["config"] !== undefined || document["layers"] !== undefined;
  const hasIndex = document["manifests"] !== undefined;
  if (document["schemaVersion"] !== 2) throw invalid("invalid manifest: schemaVersion is not 2");
  if (kind === "image" ? hasIndex : hasImage) throw invalid("invalid manifest: it has the fields of an image and of an index");
  return kind === "image"
    ? { kind, mediaType, manifest: readImage(document, mediaType) }
    : { kind, mediaType, index: { schemaVersion: 2, mediaType, manifests: readList(document, "manifests", MOST_MANIFESTS) } };
}

/**
 * Reads a manifest that is kept here: it was announced as what it is when it came. OCI's may leave their media type out.
 *
 * @throws EngineError `invalid`.
 */
export function readKeptManifest(bytes: Uint8Array): ParsedManifest {
  let value: unknown;
  try {
    value = parseJsonText(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new EngineError("invalid", "invalid manifest: not JSON", { cause });
  }
  const document = asObject(value, "the document");
  const unsaid = document["manifests"] === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex;
  return readManifest(document, document["mediaType"] === undefined ? unsaid : undefined);
}

function mediaTypeOf(document: Document, announced: string | undefined): string {
  const own = document["mediaType"];
  if (own !== undefined && typeof own !== "string") throw invalid("invalid manifest: mediaType is not a string");
  if (document["schemaVersion"] === 1 || SCHEMA_1.includes(announced ?? "")) throw schema1();
  if (own !== undefined && announced !== undefined && own !== announced) {
    throw invalid(`invalid manifest: it was announced as ${announced.slice(0, 200)} and says it is ${own.slice(0, 200)}`);
  }
  const mediaType = announced ?? own;
  if (mediaType === undefined) throw invalid("invalid manifest: it has no media type");
  return mediaType;
}

function schema1(): EngineError {
  return invalid(
    "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of the image " +
      "to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. " +
      "More information at https://docs.docker.com/go/deprecated-image-specs/",
  );
}

function readImage(document: Document, mediaType: string): ImageManifest {
  const config = readDescriptor(document["config"], "config");
  if (config.mediaType !== CONFIGS[mediaType]) {
    throw invalid(`Encountered remote ${JSON.stringify(config.mediaType.slice(0, 200))}(unknown) when fetching`);
  }
  const layers = readList(document, "layers", MOST_LAYERS);
  for (const layer of layers) checkLayer(layer);
  return { schemaVersion: 2, mediaType, config, layers };
}

/** Foreign layers would be fetched from addresses that the image's author names (CVE-2020-15157). */
function checkLayer(layer: Descriptor): void {
  if (layer.mediaType.includes(".foreign.") || layer.mediaType.includes(".nondistributable.")) {
    throw invalid(`layer ${layer.digest} is a foreign layer (${layer.mediaType.slice(0, 200)}): these are not supported`);
  }
  if (!LAYERS.has(layer.mediaType)) throw invalid(`unsupported media type ${layer.mediaType.slice(0, 200)}`);
}

function readList(document: Document, field: string, most: number): Descriptor[] {
  const list = document[field];
  if (!Array.isArray(list)) throw invalid(`invalid manifest: ${field} is not a list`);
  if (list.length > most) throw invalid(`invalid manifest: ${list.length} ${field}; at most ${most} are read`);
  return list.map((item, index) => readDescriptor(item, `${field}[${index}]`));
}

function readDescriptor(value: unknown, where: string): Descriptor {
  const { mediaType, digest, size, platform, annotations } = asObject(value, where);
  if (typeof mediaType !== "string") throw invalid(`invalid manifest: ${where}.mediaType is not a string`);
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(`invalid manifest: ${where}.digest is not a sha256 digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalid(`invalid manifest: ${where}.size is not a size`);
  return {
    mediaType,
    digest,
    size,
    ...(platform === undefined || platform === null ? {} : { platform: readPlatform(platform, `${where}.platform`) }),
    ...(annotations === undefined || annotations === null ? {} : { annotations: readAnnotations(annotations, `${where}.annotations`) }),
  };
}

function readPlatform(value: unknown, where: string): OciPlatform {
  const { os, architecture, variant } = asObject(value, where);
  if (typeof os !== "string" || typeof architecture !== "string") throw invalid(`invalid manifest: ${where} is not a platform`);
  return typeof variant === "string" && variant !== "" ? { os, architecture, variant } : { os, architecture };
}

function readAnnotations(value: unknown, where: string): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value, where));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function asObject(value: unknown, where: string): Document {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`invalid manifest: ${where} is not an object`);
  return value as Document;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
