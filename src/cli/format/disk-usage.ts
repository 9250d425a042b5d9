import type { DiskUsageAnswer, UsedContainer, UsedImage } from "#client/system.ts";
import type { BuildCache, Volume } from "#spec/docker-api/types.ts";
import { formatList, type ListFormat } from "./list.ts";
import { decimalSize, shortId } from "./units.ts";

/** One kind of what is on the disk. */
export interface UsageRow {
  readonly kind: string;
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  /** How much of it are logs. */
  readonly logs: number;
  /** How much of it is kept for pushes: compressed layers, manifests. */
  readonly archives: number;
  readonly reclaimable: number;
}

/** How `system df` shows what the disk is used for: as docker does, with columns for logs and for what pushes need. */
export const usageList: ListFormat<UsageRow> = {
  columns: [
    { name: "Type", title: "TYPE", show: ({ kind }) => kind },
    { name: "TotalCount", title: "TOTAL", show: ({ total }) => String(total) },
    { name: "Active", title: "ACTIVE", show: ({ active }) => String(active) },
    { name: "Size", title: "SIZE", show: ({ bytes }) => decimalSize(bytes, 4) },
    { name: "Logs", title: "LOGS", show: ({ logs }) => decimalSize(logs, 4) },
    { name: "Archives", title: "ARCHIVES", show: ({ archives }) => decimalSize(archives, 4) },
    {
      name: "Reclaimable",
      title: "RECLAIMABLE",
      show: ({ bytes, reclaimable }) => `${decimalSize(reclaimable, 4)}${share(reclaimable, bytes)}`,
    },
  ],
  shown: ["Type", "TotalCount", "Active", "Size", "Logs", "Archives", "Reclaimable"],
};

function share(part: number, whole: number): string {
  return whole > 0 ? ` (${Math.floor((part * 100) / whole)}%)` : "";
}

export function usageRows(usage: DiskUsageAnswer): UsageRow[] {
  return [imagesRow(usage), containersRow(usage.Containers ?? []), volumesRow(usage.Volumes ?? []), cacheRow(usage.BuildCache ?? [])];
}

const nothing = { total: 0, active: 0, bytes: 0, logs: 0, archives: 0, reclaimable: 0 };

/** What only images have that are not in use can be had back. */
function imagesRow({ LayersSize, ArchivesSize = 0, Images }: DiskUsageAnswer): UsageRow {
  const images = Images ?? [];
  const inUse = images.filter(({ Containers: count = 0 }) => count > 0);
  const used = sum(inUse, ({ Size = 0, SharedSize = 0 }) => Size - SharedSize);
  return {
    ...nothing,
    kind: "Images",
    total: images.length,
    active: inUse.length,
    bytes: LayersSize,
    archives: ArchivesSize,
    reclaimable: LayersSize - used,
  };
}

function containersRow(containers: readonly UsedContainer[]): UsageRow {
  const idle = containers.filter(({ State = "" }) => !["running", "paused", "restarting"].includes(State));
  return {
    ...nothing,
    kind: "Containers",
    total: containers.length,
    active: containers.length - idle.length,
    bytes: sum(containers, sizeOf),
    logs: sum(containers, logsOf),
    reclaimable: sum(idle, sizeOf),
  };
}

function volumesRow(volumes: readonly Volume[]): UsageRow {
  const unused = volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) === 0);
  return {
    ...nothing,
    kind: "Local Volumes",
    total: volumes.length,
    active: volumes.length - unused.length,
    bytes: sum(volumes, volumeSize),
    reclaimable: sum(unused, volumeSize),
  };
}

/** What images have as well is counted with them. */
function cacheRow(entries: readonly BuildCache[]): UsageRow {
  const own = entries.filter(({ Shared }) => Shared !== true);
  return {
    ...nothing,
    kind: "Build Cache",
    total: entries.length,
    active: entries.filter(({ InUse }) => InUse === true).length,
    bytes: sum(own, cacheSize),
    reclaimable: sum(
      own.filter(({ InUse }) => InUse !== true),
      cacheSize,
    ),
  };
}

/** Everything by itself, a table a kind. */
export function usageDetails({ Images, Containers, Volumes, BuildCache: entries }: DiskUsageAnswer): string {
  const tables = [
    ["Images space usage:", formatList(undefined, imageList, Images ?? [])],
    ["Containers space usage:", formatList(undefined, containerList, Containers ?? [])],
    ["Local Volumes space usage:", formatList(undefined, volumeList, Volumes ?? [])],
    ["Build cache usage:", formatList(undefined, cacheList, entries ?? [])],
  ];
  return tables.map(([title, table]) => `${title}\n\n${table}`).join("\n");
}

const imageList: ListFormat<UsedImage> = {
  columns: [
    { name: "Image", title: "IMAGE", show: ({ RepoTags }) => RepoTags?.[0] ?? "<none>" },
    { name: "ID", title: "IMAGE ID", show: ({ Id = "" }) => shortId(Id) },
    { name: "Size", title: "SIZE", show: ({ Size = 0 }) => decimalSize(Size) },
    { name: "Archives", title: "ARCHIVES", show: (image) => decimalSize(archivesOf(image)) },
    { name: "SharedSize", title: "SHARED SIZE", show: ({ SharedSize = 0 }) => decimalSize(SharedSize) },
    { name: "UniqueSize", title: "UNIQUE SIZE", show: ({ Size = 0, SharedSize = 0 }) => decimalSize(Size - SharedSize) },
    { name: "Containers", title: "CONTAINERS", show: ({ Containers = 0 }) => String(Containers) },
  ],
  shown: ["Image", "ID", "Size", "Archives", "SharedSize", "UniqueSize", "Containers"],
};

const containerList: ListFormat<UsedContainer> = {
  columns: [
    { name: "ID", title: "CONTAINER ID", show: ({ Id = "" }) => shortId(Id) },
    { name: "Image", title: "IMAGE", show: ({ Image = "" }) => (Image.startsWith("sha256:") ? shortId(Image) : Image) },
    { name: "Size", title: "SIZE", show: (container) => decimalSize(sizeOf(container)) },
    { name: "Logs", title: "LOGS", show: (container) => decimalSize(logsOf(container)) },
    { name: "Status", title: "STATUS", show: ({ Status = "" }) => Status },
    { name: "Names", title: "NAMES", show: ({ Names }) => (Names ?? []).map((name) => name.replace(/^\//, "")).join(",") },
  ],
  shown: ["ID", "Image", "Size", "Logs", "Status", "Names"],
};

const volumeList: ListFormat<Volume> = {
  columns: [
    { name: "Name", title: "VOLUME NAME", show: ({ Name = "" }) => Name },
    { name: "Links", title: "LINKS", show: ({ UsageData }) => String(UsageData?.RefCount ?? 0) },
    { name: "Size", title: "SIZE", show: (volume) => decimalSize(volumeSize(volume)) },
  ],
  shown: ["Name", "Links", "Size"],
};

const cacheList: ListFormat<BuildCache> = {
  columns: [
    { name: "ID", title: "CACHE ID", show: ({ ID = "" }) => shortId(ID) },
    { name: "CacheType", title: "CACHE TYPE", show: ({ Type = "" }) => Type },
    { name: "Size", title: "SIZE", show: (entry) => decimalSize(cacheSize(entry)) },
    { name: "Usage", title: "USAGE", show: ({ UsageCount = 0 }) => String(UsageCount) },
    { name: "Shared", title: "SHARED", show: ({ Shared = false }) => String(Shared) },
    { name: "Description", title: "DESCRIPTION", show: ({ Description = "" }) => Description },
  ],
  shown: ["ID", "CacheType", "Size", "Usage", "Shared", "Description"],
};

function archivesOf({ SizeArchives = 0 }: UsedImage): number {
  return SizeArchives;
}

function cacheSize({ Size = 0 }: BuildCache): number {
  return Size;
}

function sizeOf({ SizeRw = 0 }: UsedContainer): number {
  return SizeRw;
}

function logsOf({ SizeLogs = 0 }: UsedContainer): number {
  return SizeLogs;
}

function volumeSize({ UsageData }: Volume): number {
  return Math.max(UsageData?.Size ?? 0, 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
