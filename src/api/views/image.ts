import type { HistoryStep } from "#image/list/history.ts";
import type { ListedImage } from "#image/list/list.ts";
import type { RemovedItem } from "#image/remove/remove.ts";
import type { ImageDeleteResponseItem, ImageHistoryResponseItem, ImageSummary } from "#spec/docker-api/types.ts";
import { familiarString, type Reference } from "#spec/reference.ts";

type Version = readonly [major: number, minor: number];

/** -1 says that a figure was not asked for. */
const NOT_COUNTED = -1;

export function isBefore([major, minor]: Version, [otherMajor, otherMinor]: Version): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/** Seconds since the epoch; 0 for a time that is not known. */
function unixSeconds(time: string | undefined): number {
  const milliseconds = Date.parse(time ?? "");
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

export function repoTags(references: readonly Reference[]): string[] {
  return references.filter((reference) => reference.digest === undefined).map(familiarString);
}

export function repoDigests(references: readonly Reference[]): string[] {
  return references.filter((reference) => reference.digest !== undefined).map(familiarString);
}

export function imageSummaryView(listed: ListedImage, version: Version): ImageSummary & { VirtualSize?: number } {
  const { image, references, size } = listed;
  // An image without a name was `<none>:<none>` until API 1.43.
  const none = isBefore(version, [1, 43]) && references.length === 0;
  return {
    Id: image.id,
    ParentId: image.parent ?? "",
    RepoTags: none ? ["<none>:<none>"] : repoTags(references),
    RepoDigests: none ? ["<none>@<none>"] : repoDigests(references),
    Created: unixSeconds(image.config.created),
    Size: size,
    SharedSize: listed.sharedSize ?? NOT_COUNTED,
    Labels: { ...image.config.config?.Labels },
    Containers: isBefore(version, [1, 51]) ? NOT_COUNTED : listed.containers,
    ...(isBefore(version, [1, 44]) ? { VirtualSize: size } : {}),
  };
}

export function historyView(step: HistoryStep): ImageHistoryResponseItem {
  return {
    Id: step.id ?? "<missing>",
    Created: unixSeconds(step.created),
    CreatedBy: step.createdBy,
    Tags: [...step.tags],
    Size: step.size,
    Comment: step.comment,
  };
}

export function removedView(item: RemovedItem): ImageDeleteResponseItem {
  return "untagged" in item ? { Untagged: item.untagged } : { Deleted: item.deleted };
}
