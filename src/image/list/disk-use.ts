import { isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import type { ListedImage } from "./list.ts";

/** Bytes on the disk. */
export interface ImageDiskUse {
  /** Of its layers, of their archives as a push needs them, its manifests and its configuration. */
  readonly total: number;
  /** How much of it is not layers. */
  readonly archives: number;
  /** How much of it other images have too. */
  readonly shared: number;
}

export interface ImagesDiskUse {
  /** Of all images, each thing counted once. */
  readonly total: number;
  readonly archives: number;
  readonly images: readonly { readonly listed: ListedImage; readonly use: ImageDiskUse }[];
}

export interface DiskUseDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
}

/** What images take on the disk, as `du` counts. @param listed those to tell of one by one. */
export async function imagesDiskUse(deps: DiskUseDeps, listed: readonly ListedImage[]): Promise<ImagesDiskUse> {
  const parts = await measureParts(deps, deps.images.all());
  const all = [...parts.values()];
  return {
    total: sum(all, ({ bytes }) => bytes),
    archives: sum(all, ({ bytes, kind }) => (kind === "archive" ? bytes : 0)),
    images: listed.map((entry) => ({ listed: entry, use: useOf(partsOf(deps, entry.image), parts) })),
  };
}

/** What of these images is measured now and counts as given back when it is gone afterwards. @returns bytes that are gone, when called. */
export async function measureReclaimed(deps: DiskUseDeps, images: readonly Image[]): Promise<() => number> {
  const parts = await measureParts(deps, images);
  return () => sum([...parts.values()], (part) => (isHere(deps, part) ? 0 : part.bytes));
}

function isHere({ content, snapshots }: DiskUseDeps, { kind, digest }: Part): boolean {
  return kind === "layer" ? snapshots.hasLayer(digest) : content.sizeOf(digest) !== undefined;
}

/** Something on the disk that images have. The lowest layer's chain id may be the digest of its archive: the kind tells them apart. */
interface Part {
  readonly kind: "layer" | "archive";
  readonly digest: Digest;
}

interface MeasuredPart extends Part {
  readonly bytes: number;
  readonly users: number;
}

type PartKey = `${Part["kind"]} ${Digest}`;

const keyOf = ({ kind, digest }: Part): PartKey => `${kind} ${digest}`;

async function measureParts(deps: DiskUseDeps, images: readonly Image[]): Promise<Map<PartKey, MeasuredPart>> {
  const users = new Map<PartKey, { part: Part; count: number }>();
  for (const part of images.flatMap((image) => partsOf(deps, image)))
    users.set(keyOf(part), { part, count: (users.get(keyOf(part))?.count ?? 0) + 1 });
  const measured = [...users].map(async ([key, { part, count }]): Promise<[PartKey, MeasuredPart]> => {
    return [key, { ...part, bytes: await bytesOf(deps, part), users: count }];
  });
  return new Map(await Promise.all(measured));
}

/** Each once, also where an image has a layer several times. */
function partsOf({ images }: DiskUseDeps, { id, layers }: Image): Part[] {
  return [
    ...new Set(layers.map(({ chainId }) => chainId)).values().map((digest): Part => ({ kind: "layer", digest })),
    ...images.blobsOf(id).map((digest): Part => ({ kind: "archive", digest })),
  ];
}

/** What is missing or is being removed takes no room: the rest is worth knowing. */
async function bytesOf({ content, snapshots }: DiskUseDeps, { kind, digest }: Part): Promise<number> {
  if (kind === "archive") return content.diskSizeOf(digest) ?? 0;
  try {
    return await snapshots.layerSize(digest);
  } catch (error) {
    if (isEngineError(error, "not-found")) return 0;
    throw error;
  }
}

function useOf(own: readonly Part[], parts: ReadonlyMap<PartKey, MeasuredPart>): ImageDiskUse {
  const found = own.flatMap((part) => parts.get(keyOf(part)) ?? []);
  return {
    total: sum(found, ({ bytes }) => bytes),
    archives: sum(found, ({ bytes, kind }) => (kind === "archive" ? bytes : 0)),
    shared: sum(found, ({ bytes, users }) => (users > 1 ? bytes : 0)),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
