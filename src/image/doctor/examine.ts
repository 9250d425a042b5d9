import { createHash } from "node:crypto";
import { posix } from "node:path";
import { isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import { decompressed } from "../archive/decompress.ts";
import { forEachEntry } from "../archive/tar-entries.ts";
import type { Collector } from "../remove/collector.ts";
import type { ImageStore } from "../record/image-store.ts";
import type { Leases } from "../record/leases.ts";
import type { BlobRole, Finding } from "./finding.ts";

export interface ExamineDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly leases: Leases;
  readonly collector: Pick<Collector, "keepsLayer" | "keepsBlob">;
}

interface NeededBlob {
  readonly role: BlobRole;
  readonly images: Digest[];
}

interface NeededLayer {
  readonly images: Digest[];
  /** Bytes of its files. */
  readonly size: number;
}

/**
 * Looks at everything that the store holds or should hold, and reads every blob to its end. What a pull or a load is just bringing in, or
 * somebody is just removing, is nobody's fault and left out.
 */
export async function* examine(deps: ExamineDeps, signal: AbortSignal): AsyncGenerator<Finding> {
  const blobs = neededBlobs(deps.images);
  for (const [digest, { role, images }] of blobs) {
    signal.throwIfAborted();
    const kind = await blobFault(deps, digest);
    if (kind !== undefined) yield { kind, digest, role, images };
  }
  for (const [chainId, needed] of neededLayers(deps.images)) {
    signal.throwIfAborted();
    const finding = await layerFault(deps, chainId, needed, signal);
    if (finding !== undefined) yield finding;
  }
  yield* orphans(deps);
}

/** By digest, from all records. */
function neededBlobs(images: ImageStore): Map<Digest, NeededBlob> {
  const needed = new Map<Digest, NeededBlob>();
  const add = (digest: Digest, role: BlobRole, image: Digest): void => {
    const known = needed.get(digest);
    if (known === undefined) needed.set(digest, { role, images: [image] });
    else if (!known.images.includes(image)) known.images.push(image);
  };
  for (const { id, layers } of images.all()) {
    add(id, "configuration", id);
    for (const { blob } of layers) if (blob !== undefined) add(blob.digest, "layer archive", id);
    for (const digest of images.blobsOf(id)) add(digest, "manifest", id);
  }
  return needed;
}

/** From the base of each image up. */
function neededLayers(images: ImageStore): Map<Digest, NeededLayer> {
  const needed = new Map<Digest, NeededLayer>();
  for (const { id, layers } of images.all()) {
    for (const { chainId, size } of layers) {
      const known = needed.get(chainId);
      if (known === undefined) needed.set(chainId, { images: [id], size });
      else known.images.push(id);
    }
  }
  return needed;
}

async function blobFault({ content, images }: ExamineDeps, digest: Digest): Promise<"missing-blob" | "damaged-blob" | undefined> {
  try {
    if (content.sizeOf(digest) === undefined) return images.needsBlob(digest) ? "missing-blob" : undefined;
    const hash = createHash("sha256");
    for await (const piece of content.stream(digest)) hash.update(piece);
    return `sha256:${hash.digest("hex")}` === digest ? undefined : "damaged-blob";
  } catch (error) {
    // Removed while it was read, with the image that needed it.
    if (!images.needsBlob(digest)) return undefined;
    if (error instanceof Error && "code" in error && error.code === "EIO") return "damaged-blob";
    throw error;
  }
}

async function layerFault(
  { images, snapshots, content }: ExamineDeps,
  chainId: Digest,
  needed: NeededLayer,
  signal: AbortSignal,
): Promise<Extract<Finding, { kind: "missing-layer" | "damaged-layer" }> | undefined> {
  const { images: users, size: expected } = needed;
  if (!snapshots.hasLayer(chainId)) return images.needsLayer(chainId) ? { kind: "missing-layer", chainId, images: users } : undefined;
  const bytes = await snapshots.layerContentSize(chainId);
  if (bytes === undefined || bytes === expected || !images.needsLayer(chainId)) return undefined;
  // A layer that was here without an image when it got its record has its size on the disk there.
  if ((await snapshots.layerSize(chainId)) === expected) return undefined;
  if (await isWhatItsArchiveHolds(content, archiveOf(images, chainId, users), bytes, signal)) return undefined;
  return { kind: "damaged-layer", chainId, images: users, bytes, expected };
}

function archiveOf(images: ImageStore, chainId: Digest, users: readonly Digest[]): Digest | undefined {
  const layer = users.flatMap((id) => images.get(id)?.layers ?? []).find((one) => one.chainId === chainId && one.blob !== undefined);
  return layer?.blob?.digest;
}

/** An archive may have a file several times, of which the last counts: unpacking it wrote more than there is now. */
async function isWhatItsArchiveHolds(
  content: ContentStore,
  archive: Digest | undefined,
  bytes: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (archive === undefined || content.sizeOf(archive) === undefined) return false;
  const sizes = new Map<string, number>();
  try {
    await forEachEntry(decompressed(content.stream(archive), signal), async ({ path, type, size }) => {
      const name = posix.normalize(`/${path}`);
      if (type === "file") sizes.set(name, size);
      else sizes.delete(name);
    });
  } catch (error) {
    // It is damaged itself, which is a finding of its own.
    if (isEngineError(error, "invalid")) return false;
    throw error;
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0) === bytes;
}

function* orphans(deps: ExamineDeps): Generator<Finding> {
  const { images, content, leases, collector } = deps;
  for (const { digest, size } of content.list()) {
    const isKnown = images.needsBlob(digest) || leases.isHeld(digest) || collector.keepsBlob(digest);
    if (!isKnown) yield { kind: "orphan-blob", digest, bytes: size };
  }
  for (const chainId of orphanLayers(deps)) yield { kind: "orphan-layer", chainId };
}

/** Layers that nothing stands on, and nobody needs or is bringing in. */
export function orphanLayers({ images, snapshots, leases, collector }: ExamineDeps): Digest[] {
  const isKnown = (chainId: Digest): boolean =>
    images.needsLayer(chainId) || leases.isHeld(chainId) || collector.keepsLayer(chainId) || snapshots.isLayerUsed(chainId);
  return snapshots.list().layers.filter((chainId) => !isKnown(chainId));
}
