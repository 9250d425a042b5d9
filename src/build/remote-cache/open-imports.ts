import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import type { CacheLocation } from "#spec/build/cache.ts";
import { readKeptManifest } from "#spec/oci-image/manifest.ts";
import type { Descriptor, ImageConfigFile, ImageManifest } from "#spec/oci-image/types.ts";
import { parseLargeJson } from "#lib/json/text.ts";
import type { BuildSink } from "../build-input.ts";
import { INLINE_CACHE } from "../cache/image-caches.ts";
import { CACHE_CONFIG, decodeCache, digestOf, type RemoteCache } from "./cache-document.ts";
import { ImportedCaches, type ImportedCache } from "./imported-caches.ts";
import type { CachePlace } from "./place.ts";

/** Of a cache with some ten thousand steps. */
const LARGEST_CONFIG = 32 * 1024 * 1024;

/**
 * Reads what the caches hold that a client names. One that is not there, or cannot be read, is told of and is none: no build fails for it.
 *
 * @throws EngineError `cancelled`.
 */
export async function openImports(
  locations: readonly CacheLocation[],
  open: (location: CacheLocation) => Promise<CachePlace>,
  sink: BuildSink,
  signal: AbortSignal,
): Promise<ImportedCaches> {
  const caches = await Promise.all(locations.map(async (location) => await tryRead(location, open, sink, signal)));
  return new ImportedCaches(caches.filter((cache) => cache !== undefined));
}

async function tryRead(
  location: CacheLocation,
  open: (location: CacheLocation) => Promise<CachePlace>,
  sink: BuildSink,
  signal: AbortSignal,
): Promise<ImportedCache | undefined> {
  try {
    const place = await open(location);
    const cache = await read(place, signal);
    if (cache === undefined) sink.push({ stream: `No cache is at ${place.name} yet\n` });
    return cache === undefined ? undefined : { ...cache, place };
  } catch (error) {
    if (signal.aborted || isEngineError(error, "cancelled")) throw error;
    sink.push({
      stream: `The cache at ${location.kind === "registry" ? location.reference : "the client"} cannot be read: ${messageOf(error)}\n`,
    });
    return undefined;
  }
}

async function read(place: CachePlace, signal: AbortSignal): Promise<RemoteCache | undefined> {
  const bytes = await place.readManifest(signal);
  if (bytes === undefined) return undefined;
  const config = configNamed(bytes);
  if (config === undefined) throw new EngineError("invalid", "its manifest is an index of several, and no cache of this builder's");
  const document = await blobOf(place, config, signal);
  return config.mediaType === CACHE_CONFIG ? decodeCache(document) : inlineCache(document, readKeptManifest(bytes));
}

/** A cache's manifest is an image's in all but the kind of its configuration, which readers of images rightly refuse. */
function configNamed(manifest: Uint8Array): Descriptor | undefined {
  const { config } = parseLargeJson(Buffer.from(manifest).toString("utf8")) as Partial<ImageManifest>;
  return typeof config?.digest === "string" && Number.isSafeInteger(config.size) ? config : undefined;
}

/** What an image's layers are known by, where it was built to say so: the layers are had without pulling the image. */
function inlineCache(document: Uint8Array, manifest: ReturnType<typeof readKeptManifest>): RemoteCache {
  const config = parseLargeJson(Buffer.from(document).toString("utf8")) as ImageConfigFile;
  if (manifest.kind !== "image") return { records: [], mounts: [] };
  const diffIds = config.rootfs?.diff_ids ?? [];
  const created = (config.history ?? []).filter((entry) => entry.empty_layer !== true).map((entry) => Date.parse(entry.created ?? ""));
  const records = (config[INLINE_CACHE] ?? []).flatMap((keys, index) => {
    const [blob, diffId] = [manifest.manifest.layers[index], diffIds[index]];
    if (blob === undefined || diffId === undefined || !Array.isArray(keys)) return [];
    const layer = { blob, diffId, contentSize: 0, created: created[index] || 0 };
    return keys.map((key) => ({ key: String(key), layer }));
  });
  return { records, mounts: [] };
}

/** @throws EngineError `invalid` for what is not what the manifest names. */
async function blobOf(place: CachePlace, { digest, size }: Descriptor, signal: AbortSignal): Promise<Buffer> {
  if (size > LARGEST_CONFIG) throw new EngineError("too-large", `its configuration has ${size} bytes`);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of place.readBlob({ digest, size }, signal)) {
    length += piece.length;
    if (length > size) break;
    pieces.push(Uint8Array.from(piece));
  }
  const bytes = Buffer.concat(pieces);
  if (digestOf(bytes) !== digest) throw new EngineError("invalid", `its configuration is not what its manifest names: ${digest}`);
  return bytes;
}
