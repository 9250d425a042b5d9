import { createHash } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";
import { parseLargeJson } from "#lib/json/text.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";

/** BuildKit's name of the document. Its shape is BuildKit's, too; the keys in it are this builder's. */
export const CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0";

/** What a step made, by what it is known by. */
export interface RemoteRecord {
  /** 64 hex digits. */
  readonly key: string;
  /** The layer that it put on the tree; undefined: it changed nothing. */
  readonly layer: RemoteLayer | undefined;
}

export interface RemoteLayer {
  readonly blob: Pick<Descriptor, "digest" | "size" | "mediaType">;
  readonly diffId: Digest;
  /** Bytes of its regular files. */
  readonly contentSize: number;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** The folder of a `RUN --mount=type=cache`, as an archive. */
export interface RemoteMount {
  readonly id: string;
  readonly blob: Pick<Descriptor, "digest" | "size" | "mediaType">;
}

export interface RemoteCache {
  readonly records: readonly RemoteRecord[];
  readonly mounts: readonly RemoteMount[];
}

export interface CacheDocuments {
  readonly config: Buffer;
  readonly configDigest: Digest;
  readonly manifest: Buffer;
}

/** A step that changed nothing has no layer. BuildKit's results name one by its place. */
const NO_LAYER = -1;

/** The configuration and the manifest that names it and all blobs, so that a registry keeps them. */
export function encodeCache({ records, mounts }: RemoteCache): CacheDocuments {
  const layers = [...new Map(records.flatMap(({ layer }) => (layer === undefined ? [] : [[layer.diffId, layer] as const]))).values()];
  const placeOf = new Map(layers.map(({ diffId }, place) => [diffId, place]));
  const config = Buffer.from(
    JSON.stringify({
      layers: layers.map(({ blob, diffId, contentSize, created }) => ({
        blob: blob.digest,
        parent: NO_LAYER,
        annotations: {
          mediaType: blob.mediaType,
          diffID: diffId,
          size: blob.size,
          createdAt: new Date(created).toISOString(),
          contentSize,
        },
      })),
      records: records.map(({ key, layer }) => ({
        digest: `sha256:${key}`,
        results: [{ layer: layer === undefined ? NO_LAYER : placeOf.get(layer.diffId) }],
      })),
      mounts: mounts.map(({ id, blob }) => ({ id, blob: blob.digest, size: blob.size, mediaType: blob.mediaType })),
    }),
  );
  const configDigest = digestOf(config);
  const blobs = [...layers.map(({ blob }) => blob), ...mounts.map(({ blob }) => blob)];
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: CACHE_CONFIG, digest: configDigest, size: config.length },
    layers: blobs.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  return { config, configDigest, manifest: Buffer.from(JSON.stringify(manifest)) };
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Reads a configuration. BuildKit's own are read, too: its keys are others, so that nothing is found by them.
 *
 * @throws EngineError `invalid`.
 */
export function decodeCache(bytes: Uint8Array): RemoteCache {
  const document = objectOf(parsed(bytes));
  const layers = listOf(document["layers"]).map(layerOf);
  return {
    records: listOf(document["records"]).flatMap((record) => recordOf(objectOf(record), layers)),
    mounts: listOf(document["mounts"]).flatMap((mount) => mountOf(objectOf(mount))),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseLargeJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new EngineError("invalid", "the cache's configuration is not JSON", { cause });
  }
}

function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function layerOf(value: unknown): RemoteLayer | undefined {
  const layer = objectOf(value);
  const { diffID, size, mediaType, createdAt, contentSize } = objectOf(layer["annotations"]);
  const digest = layer["blob"];
  if (typeof digest !== "string" || !isDigest(digest) || typeof diffID !== "string" || !isDigest(diffID) || !isCount(size))
    return undefined;
  const created = Date.parse(String(createdAt));
  return {
    blob: { digest, size, mediaType: String(mediaType) },
    diffId: diffID,
    contentSize: isCount(contentSize) ? contentSize : 0,
    created: Number.isNaN(created) ? 0 : created,
  };
}

function recordOf(record: Fields, layers: readonly (RemoteLayer | undefined)[]): RemoteRecord[] {
  const { digest } = record;
  const place = objectOf(listOf(record["results"])[0])["layer"];
  if (typeof digest !== "string" || !isDigest(digest) || typeof place !== "number") return [];
  const layer = layers[place];
  return place !== NO_LAYER && layer === undefined ? [] : [{ key: digest.slice("sha256:".length), layer }];
}

function mountOf({ id, blob, size, mediaType }: Fields): RemoteMount[] {
  if (typeof id !== "string" || typeof blob !== "string" || !isDigest(blob) || !isCount(size)) return [];
  return [{ id, blob: { digest: blob, size, mediaType: String(mediaType) } }];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
