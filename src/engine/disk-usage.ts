import type { CacheEntry } from "#build/cache/cache-entry.ts";
import type { Container } from "#container/record/container.ts";
import type { ListedContainer } from "#container/list/list.ts";
import type { ContainerDiskUse } from "#container/list/sizes.ts";
import type { ImagesDiskUse } from "#image/list/disk-use.ts";
import type { VolumeUsage } from "#volume/volumes.ts";

export type UsageKind = "container" | "image" | "volume" | "build-cache";

export interface ContainerUsage {
  readonly listed: ListedContainer;
  readonly use: ContainerDiskUse;
}

/** Undefined: not asked for. */
export interface DiskUsage {
  readonly images: ImagesDiskUse | undefined;
  readonly containers: readonly ContainerUsage[] | undefined;
  readonly volumes: readonly VolumeUsage[] | undefined;
  readonly buildCache: readonly CacheEntry[] | undefined;
}

export interface DiskUsageSources {
  images(): Promise<ImagesDiskUse>;
  containers(): Promise<readonly ListedContainer[]>;
  containerUse(container: Container): Promise<ContainerDiskUse>;
  volumes(): Promise<readonly VolumeUsage[]>;
  buildCache(): Promise<readonly CacheEntry[]>;
}

/**
 * What the disk is used for. Trees are walked by other threads, as slow as `du` walks them; whoever asks while that is under way gets the
 * same answer. It is not kept any longer: nobody would tell when it is wrong.
 */
export class DiskUsageReader {
  readonly #sources: DiskUsageSources;
  #images: Promise<ImagesDiskUse> | undefined;
  #containers: Promise<readonly ContainerUsage[]> | undefined;
  #volumes: Promise<readonly VolumeUsage[]> | undefined;

  constructor(sources: DiskUsageSources) {
    this.#sources = sources;
  }

  async read(kinds: ReadonlySet<UsageKind>): Promise<DiskUsage> {
    const [images, containers, volumes, buildCache] = await Promise.all([
      kinds.has("image") ? this.#joinImages() : undefined,
      kinds.has("container") ? this.#joinContainers() : undefined,
      kinds.has("volume") ? this.#joinVolumes() : undefined,
      kinds.has("build-cache") ? this.#sources.buildCache() : undefined,
    ]);
    return { images, containers, volumes, buildCache };
  }

  #joinImages(): Promise<ImagesDiskUse> {
    this.#images ??= this.#sources.images().finally(() => {
      this.#images = undefined;
    });
    return this.#images;
  }

  #joinContainers(): Promise<readonly ContainerUsage[]> {
    this.#containers ??= this.#measureContainers().finally(() => {
      this.#containers = undefined;
    });
    return this.#containers;
  }

  #joinVolumes(): Promise<readonly VolumeUsage[]> {
    this.#volumes ??= this.#sources.volumes().finally(() => {
      this.#volumes = undefined;
    });
    return this.#volumes;
  }

  async #measureContainers(): Promise<readonly ContainerUsage[]> {
    const all = await this.#sources.containers();
    return await Promise.all(all.map(async (listed) => ({ listed, use: await this.#sources.containerUse(listed.container) })));
  }
}
