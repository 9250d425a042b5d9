import type { PullInput } from "#distribution/pull/pull.ts";
import type { PushInput } from "#distribution/push/push.ts";
import type { AttestationsInput, FoundAttestation } from "#image/list/attestations.ts";
import type { HistoryStep } from "#image/list/history.ts";
import type { ImportInput } from "#image/make/import.ts";
import type { ImageDetails } from "#image/list/inspect.ts";
import type { ListedImage, ListInput } from "#image/list/list.ts";
import type { LoadInput } from "#image/make/load.ts";
import type { PrunedImages } from "#image/remove/prune.ts";
import type { RemovedItem, RemoveInput } from "#image/remove/remove.ts";
import type { SaveInput } from "#image/save/save.ts";
import type { TagInput } from "#image/make/tag.ts";
import type { Filters } from "#spec/filters/filters.ts";
import type { Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";

/** What the images' routes need of the engine. A name is a tag, a repository digest, an id, or the beginning of one. */
export interface ImageBackend extends ImageQueries, ImageChanges, ImageArrivals, ImageDepartures {}

export interface ImageQueries {
  list(input: ListInput): readonly ListedImage[];
  inspect(name: string, platform?: Platform): ImageDetails;
  history(name: string, platform?: Platform): readonly HistoryStep[];
  attestations(input: AttestationsInput): Promise<readonly FoundAttestation[]>;
}

export interface ImageChanges {
  tag(input: TagInput): void;
  remove(input: RemoveInput): Promise<readonly RemovedItem[]>;
  prune(filters: Filters, signal: AbortSignal): Promise<PrunedImages>;
}

/** Each gives its lines while it works, and is done when it resolves. */
export interface ImageArrivals {
  pull(input: PullInput, progress: ProgressSink, signal: AbortSignal): Promise<void>;
  load(input: LoadInput, progress: ProgressSink, signal: AbortSignal): Promise<void>;
  /** The new image's id. */
  import(input: ImportInput, signal: AbortSignal): Promise<string>;
}

export interface ImageDepartures {
  /** Resolves when it is known what is in the archive. */
  save(input: SaveInput, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  push(input: PushInput, progress: ProgressSink, signal: AbortSignal): Promise<void>;
}
