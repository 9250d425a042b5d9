import type { CacheEntry } from "#build/cache/cache-entry.ts";
import type { ContainerUsage, DiskUsage, UsageKind } from "#engine/disk-usage.ts";
import type { ImagesDiskUse } from "#image/list/disk-use.ts";
import type { ApiVersion } from "#spec/api-version.ts";
import type { VolumeUsage } from "#volume/volumes.ts";
import { containerSummary } from "./container-summary.ts";
import { imageSummaryView } from "./image.ts";
import { volumeView } from "./volume.ts";

/** Lists of everything, as Docker always had them; sums, since API 1.52, with the items or without; or both. */
export type UsageForm = "lists" | "sums" | "sums-and-items" | "both";

interface Sums {
  readonly ActiveCount: number;
  readonly TotalCount: number;
  readonly TotalSize: number;
  readonly Reclaimable: number;
}

/** The answer of `GET /system/df`. */
export function diskUsageView(usage: DiskUsage, kinds: ReadonlySet<UsageKind>, form: UsageForm, apiVersion: ApiVersion): object {
  const images = usage.images?.images.map((image) => usedImageView(image, apiVersion));
  const containers = usage.containers?.map((container) => containerView(container, apiVersion));
  const volumes = usage.volumes?.map(usedVolumeView);
  const builds = usage.buildCache?.map(cacheEntryView);
  const lists = {
    LayersSize: usage.images?.total ?? 0,
    ArchivesSize: usage.images?.archives ?? 0,
    Images: images ?? null,
    Containers: containers ?? null,
    Volumes: volumes ?? null,
    BuildCache: builds ?? null,
  };
  if (form === "lists") return lists;
  const items = (list: readonly object[] | undefined): object => (form === "sums-and-items" ? { Items: list } : {});
  return {
    ...(usage.images === undefined ? {} : { ImageUsage: { ...imageSums(usage.images), ...items(images) } }),
    ...(usage.containers === undefined ? {} : { ContainerUsage: { ...containerSums(usage.containers), ...items(containers) } }),
    ...(usage.volumes === undefined ? {} : { VolumeUsage: { ...volumeSums(usage.volumes), ...items(volumes) } }),
    ...(usage.buildCache === undefined ? {} : { BuildCacheUsage: { ...cacheSums(usage.buildCache), ...items(builds) } }),
    ...(form === "both" ? lists : {}),
  };
}

/**
 * Sizes are those on the disk, the archives that pushes need included, which fields of this engine tell by themselves: what Docker's
 * clients reckon from an image's sizes and the sum of all is right then.
 */
function usedImageView({ listed, use }: ImagesDiskUse["images"][number], apiVersion: ApiVersion): object {
  const sizes = { size: use.total, sharedSize: use.shared };
  return { ...imageSummaryView({ ...listed, ...sizes }, apiVersion), Containers: listed.containers, SizeArchives: use.archives };
}

/**
 * Logs are counted into what a container has written, since Docker's clients add that up and know no other place for them; how
 * much of it are logs stands beside it, in a field of this engine.
 */
function containerView({ listed, use }: ContainerUsage, apiVersion: ApiVersion): object {
  const sizes = { writable: use.writable + use.logs, root: use.root + use.logs };
  return { ...containerSummary({ ...listed, sizes }, apiVersion, Date.now()), SizeLogs: use.logs, LostOutput: use.lostOutput };
}

function usedVolumeView({ volume, bytes, references }: VolumeUsage): object {
  return { ...volumeView(volume), UsageData: { RefCount: references, Size: bytes } };
}

/** What only images have that are not in use: as `docker system df` reckons it. */
function imageSums({ images, total }: ImagesDiskUse): Sums {
  const active = images.filter(({ listed }) => listed.containers > 0);
  const used = sum(active.map(({ use }) => use.total - use.shared));
  return { ActiveCount: active.length, TotalCount: images.length, TotalSize: total, Reclaimable: total - used };
}

function containerSums(containers: readonly ContainerUsage[]): Sums {
  const sizeOf = ({ use }: ContainerUsage): number => use.writable + use.logs;
  const isActive = ({ listed }: ContainerUsage): boolean => ["running", "paused", "restarting"].includes(listed.container.state.status);
  const idle = containers.filter((container) => !isActive(container));
  return {
    ActiveCount: containers.length - idle.length,
    TotalCount: containers.length,
    TotalSize: sum(containers.map(sizeOf)),
    Reclaimable: sum(idle.map(sizeOf)),
  };
}

function volumeSums(volumes: readonly VolumeUsage[]): Sums {
  const unused = volumes.filter(({ references }) => references === 0);
  return {
    ActiveCount: volumes.length - unused.length,
    TotalCount: volumes.length,
    TotalSize: sum(volumes.map(({ bytes }) => bytes)),
    Reclaimable: sum(unused.map(({ bytes }) => bytes)),
  };
}

function cacheEntryView({ id, kind, description, parents, inUse, shared, size, created, lastUsed, uses }: CacheEntry): object {
  return {
    ID: id,
    ...(parents.length === 0 ? {} : { Parents: parents }),
    Type: kind,
    Description: description,
    InUse: inUse,
    Shared: shared,
    Size: size,
    CreatedAt: new Date(created).toISOString(),
    LastUsedAt: new Date(lastUsed).toISOString(),
    UsageCount: uses,
  };
}

/** What images have as well is counted with them. */
function cacheSums(entries: readonly CacheEntry[]): Sums {
  const own = entries.filter(({ shared }) => !shared);
  return {
    ActiveCount: entries.filter(({ inUse }) => inUse).length,
    TotalCount: entries.length,
    TotalSize: sum(own.map(({ size }) => size)),
    Reclaimable: sum(own.filter(({ inUse }) => !inUse).map(({ size }) => size)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
