import type { EventSink } from "#events/contract.ts";
import type { Platform } from "#spec/platform.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ArchiveLimits } from "../archive/read-archive.ts";
import type { ImageStore } from "../record/image-store.ts";
import type { Assembly } from "./assembly.ts";

/** What it takes to make images of an archive that a client sends. */
export interface IntakeDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly events: EventSink;
  readonly openAssembly: () => Assembly;
  readonly hostPlatform: Platform;
  readonly limits: ArchiveLimits;
}
