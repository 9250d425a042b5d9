import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import type { CacheExport } from "#spec/build/cache.ts";
import type { Digest } from "#spec/digest.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import type { CacheMounts } from "../cache/cache-mounts.ts";
import type { CacheStore } from "../cache/cache-store.ts";
import type { MadeStep } from "../execute/execution-context.ts";
import type { LayerTree } from "../execute/step-result.ts";
import type { BuiltLayer } from "../ports.ts";
import { encodeCache, type RemoteLayer, type RemoteMount, type RemoteRecord } from "./cache-document.ts";
import type { FoundMount, ImportedCaches } from "./imported-caches.ts";
import type { WritableCachePlace } from "./place.ts";
import { verified } from "./verified.ts";

export interface ExportDeps {
  readonly cache: Pick<CacheStore, "keysOf">;
  readonly mounts: Pick<CacheMounts, "use" | "has">;
  readonly imported: ImportedCaches;
  readonly content: Pick<ContentStore, "sizeOf">;
  readonly files: Pick<ContainerFiles, "packFolder">;
  /** The build's own folder. */
  readonly folder: string;
}

/** What a build has come to know. */
export interface BuiltSteps {
  readonly steps: readonly MadeStep[];
  /** The result: with `min`, only what is in it counts. */
  readonly tree: LayerTree;
  /** Ids of the cache mounts that its commands have. */
  readonly mounts: readonly string[];
}

/** Puts the cache of a build somewhere else: blobs first, and what they are known by at last. @throws EngineError with the words of whoever keeps it. */
export async function exportCache(
  deps: ExportDeps,
  place: WritableCachePlace,
  { mode, mounts }: CacheExport,
  built: BuiltSteps,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Set(built.tree.layers.map(({ diffId }) => diffId));
  const layers = new Map<Digest, RemoteLayer>();
  const records: RemoteRecord[] = [];
  for (const step of built.steps) {
    if (mode === "min" && step.layer !== undefined && !wanted.has(step.layer.diffId)) continue;
    const layer = step.layer === undefined ? undefined : await putLayer(deps, place, step.layer, layers, signal);
    // Its archive is another image's: that is where it can be had.
    if (step.layer !== undefined && layer === undefined) continue;
    records.push(...keysOf(deps, step).map((key) => ({ key, layer })));
  }
  const packed: RemoteMount[] = [];
  if (mounts) for (const id of built.mounts) packed.push(...(await putMount(deps, place, id, signal)));
  const { config, configDigest, manifest } = encodeCache({ records, mounts: packed });
  await place.putBytes(config, configDigest, signal);
  await place.putManifest(manifest, signal);
}

/** Those that it was found by, and all others that its layer has here. */
function keysOf({ cache }: ExportDeps, { keys, layer }: MadeStep): string[] {
  return [...new Set([...keys, ...(layer === undefined ? [] : cache.keysOf(layer.chainId))])];
}

async function putLayer(
  { content }: ExportDeps,
  place: WritableCachePlace,
  { diffId, size, created = 0 }: BuiltLayer,
  known: Map<Digest, RemoteLayer>,
  signal: AbortSignal,
): Promise<RemoteLayer | undefined> {
  const before = known.get(diffId);
  const bytes = content.sizeOf(diffId);
  if (before !== undefined || bytes === undefined) return before;
  const { digest, size: blobSize, mediaType } = await place.putLayer({ diffId, size: bytes }, signal);
  const layer: RemoteLayer = { blob: { digest, size: blobSize, mediaType }, diffId, contentSize: size, created };
  known.set(diffId, layer);
  return layer;
}

/** The folder as it is here; where there is none, what a cache that was read has of it: it was not needed, and is not to be lost. */
async function putMount(deps: ExportDeps, place: WritableCachePlace, id: string, signal: AbortSignal): Promise<RemoteMount[]> {
  const { mounts, imported, folder } = deps;
  const work = join(folder, `mount-${randomBytes(6).toString("hex")}`);
  await mkdir(work, { mode: 0o700 });
  try {
    const file = join(work, "archive");
    const elsewhere = imported.mount(id);
    if (!mounts.has(id) && elsewhere === undefined) return [];
    const blob = mounts.has(id) ? await packMount(deps, id, file, signal) : await copyMount(elsewhere, file, signal);
    await place.putFile(file, blob, signal);
    return [{ id, blob }];
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Nobody writes to it meanwhile who takes turns. */
async function packMount({ mounts, files }: ExportDeps, id: string, file: string, signal: AbortSignal): Promise<RemoteMount["blob"]> {
  using use = await mounts.use(id, "locked");
  const hash = createHash("sha256");
  let size = 0;
  const count = new Transform({
    transform(piece: Buffer, _, done) {
      hash.update(piece);
      size += piece.length;
      done(null, piece);
    },
  });
  const packed = copiesOf(files.packFolder(use.folder, undefined, signal));
  await pipeline(packed, createZstdCompress(), count, createWriteStream(file, { mode: 0o600 }), { signal });
  return { digest: `sha256:${hash.digest("hex")}`, size, mediaType: mediaTypes.ociLayerZstd };
}

async function copyMount(found: FoundMount | undefined, file: string, signal: AbortSignal): Promise<RemoteMount["blob"]> {
  const { place, mount } = found as FoundMount;
  await pipeline(verified(place.readBlob(mount.blob, signal), mount.blob.digest), createWriteStream(file, { mode: 0o600 }), { signal });
  return mount.blob;
}

/** A piece is the packer's again when the next is asked for. */
async function* copiesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece);
}
