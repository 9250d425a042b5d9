import type { EventSink } from "#events/contract.ts";
import type { Logger } from "#lib/logger.ts";
import type { Digest } from "#spec/digest.ts";
import type { Filters } from "#spec/filters/filters.ts";
import type { ImageConfigFile } from "#spec/oci-image/types.ts";
import { hostPlatform, parsePlatform, type Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Database } from "#store/db/database.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { Unpacker } from "#store/unpack/contract.ts";
import { defaultArchiveLimits, type ArchiveLimits } from "./archive/read-archive.ts";
import { Assembly } from "./make/assembly.ts";
import { CompressedLayers } from "./make/compressed-layers.ts";
import { Collector } from "./remove/collector.ts";
import { imageHistory, type HistoryStep } from "./list/history.ts";
import { ImageStore } from "./record/image-store.ts";
import { importImage, type ImportInput } from "./make/import.ts";
import { imagesDiskUse, type ImagesDiskUse } from "./list/disk-use.ts";
import { inspectImage, type ImageDetails } from "./list/inspect.ts";
import { Leases } from "./record/leases.ts";
import { listImages, type ListedImage, type ListInput } from "./list/list.ts";
import { loadImages, type LoadInput } from "./make/load.ts";
import type { DoctorReport } from "./doctor/finding.ts";
import type { ContainerUse, LayerKeeper, RemoteBlobs } from "./ports.ts";
import { pruneImages, type PrunedImages } from "./remove/prune.ts";
import { removeImage, type RemovedItem, type RemoveInput } from "./remove/remove.ts";
import { resolveImage } from "./record/resolve.ts";
import type { SaveInput } from "./save/save.ts";
import type { AttestationsInput, FoundAttestation } from "./list/attestations.ts";
import { announceImage } from "./make/announce.ts";
import type { Image } from "./record/image.ts";
import type { Reference } from "#spec/reference.ts";
import { tagImage, type TagInput } from "./make/tag.ts";

export interface ImageServiceDeps {
  readonly database: Database;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly unpacker: Pick<Unpacker, "unpack">;
  readonly containers: ContainerUse;
  readonly events: EventSink;
  readonly keeper?: LayerKeeper | undefined;
  readonly logger: Logger;
  /** Where lost blobs can be had again. */
  readonly remote?: RemoteBlobs;
}

export interface ImageServiceOptions {
  readonly platform?: Platform;
  readonly archiveLimits?: ArchiveLimits;
}

/** The image noun to the rest of the engine. */
export interface ImageService {
  list(input: ListInput): ListedImage[];
  inspect(name: string, platform?: Platform): ImageDetails;
  history(name: string, platform?: Platform): HistoryStep[];
  /** Of all images; those that `list` shows by default one by one. */
  diskUse(): Promise<ImagesDiskUse>;
  attestations(input: AttestationsInput): Promise<FoundAttestation[]>;
  tag(input: TagInput): void;
  remove(input: RemoveInput): Promise<RemovedItem[]>;
  /** Looks for faults of the store, and mends them when asked to. */
  examine(options: { readonly repair: boolean }, signal: AbortSignal): Promise<DoctorReport>;
  prune(filters: Filters, signal: AbortSignal): Promise<PrunedImages>;
  load(input: LoadInput, progress: ProgressSink, signal: AbortSignal): Promise<void>;
  save(input: SaveInput, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  import(input: ImportInput, signal: AbortSignal): Promise<Digest>;
  /** `ImageSource` of the container noun. `platform` is `os[/arch[/variant]]`. */
  resolve(reference: string, platform?: string): Promise<ResolvedImage>;
  /** An image that is here. @throws EngineError `not-found`, also where it is for another platform. */
  find(reference: string, platform: Platform | undefined): Image;
  /** Removes those of them, from the top down, that nothing needs any more, and what the builder alone had kept below them. */
  collect(chainIds: readonly Digest[], blobs: readonly Digest[]): Promise<void>;
  /** Tells of a new image and of its names. */
  announce(id: Digest, references: readonly Reference[]): void;
  /** For what brings images in from elsewhere: the registry client, the builder. */
  openAssembly(): Assembly;
  readonly images: ImageStore;
  readonly compressedLayers: CompressedLayers;
  /** At start, before anything else, and whenever a container is gone: it may have kept the layers of a removed image. */
  sweepUnreferenced(): Promise<void>;
}

interface ResolvedImage {
  readonly id: Digest;
  readonly config: ImageConfigFile;
  readonly topLayer: Digest | undefined;
  readonly manifest: Digest | undefined;
}

export function createImageService(deps: ImageServiceDeps, options: ImageServiceOptions = {}): ImageService {
  const { content, snapshots, unpacker, containers, events, keeper, logger } = deps;
  const host = options.platform ?? hostPlatform();
  const images = new ImageStore(deps);
  const leases = new Leases();
  const collector = new Collector({ images, content, snapshots, leases, keeper, logger });
  const unpackedSizes = new Map<Digest, number>();
  const openAssembly = (): Assembly => new Assembly({ images, content, snapshots, unpacker, leases, collector, unpackedSizes });
  const limits = options.archiveLimits ?? defaultArchiveLimits;
  const arrivals = { images, content, events, openAssembly, hostPlatform: host, limits };
  return {
    images,
    compressedLayers: new CompressedLayers(deps),
    openAssembly,
    find: (reference, platform) => resolveImage(images, reference, platform),
    collect: async (chainIds, blobs) => {
      await collector.collectLayers(chainIds);
      await collector.collectBlobs(blobs);
      await collector.sweepBuilders();
    },
    announce: (id, references) => announceImage({ images, events }, id, references),
    list: (input) => listImages({ images, containers }, input, Date.now()),
    inspect: (name, platform) => inspectImage(images, snapshots.name, name, platform),
    diskUse: () => imagesDiskUse({ images, content, snapshots }, listImages({ images, containers }, SHOWN, Date.now())),
    history: (name, platform) => imageHistory(images, name, platform),
    attestations: async (input) => {
      const { attestationsOf } = await import("./list/attestations.ts");
      return await attestationsOf({ images, content }, input);
    },
    tag: (input) => tagImage({ images, events }, input, Date.now()),
    remove: (input) => removeImage({ images, containers, collector, events }, input),
    examine: async (how, signal) => {
      const { runDoctor } = await import("./doctor/doctor.ts");
      return runDoctor({ images, content, snapshots, leases, collector, openAssembly, remote: deps.remote }, how, signal);
    },
    prune: (filters, signal) => pruneImages({ images, containers, collector, events, content, snapshots }, filters, Date.now(), signal),
    load: (input, progress, signal) => loadImages(arrivals, input, progress, signal),
    save: async (input, signal) => {
      const { saveImages } = await import("./save/save.ts");
      return saveImages({ images, content, events, openAssembly }, input, signal);
    },
    import: (input, signal) => importImage(arrivals, input, signal),
    // Async, so that what it throws arrives as a rejection.
    resolve: async (reference, platform) => resolved(images, reference, platform, host),
    sweepUnreferenced: () => collector.sweep(),
  };
}

/** As a client lists images that says nothing. */
const SHOWN: ListInput = { all: false, sharedSize: false, filters: new Map() };

function resolved(images: ImageStore, reference: string, platform: string | undefined, host: Platform): ResolvedImage {
  const wanted = platform === undefined || platform === "" ? undefined : parsePlatform(platform, host);
  const image = resolveImage(images, reference, wanted);
  return { id: image.id, config: image.config, topLayer: image.layers.at(-1)?.chainId, manifest: image.manifest };
}
