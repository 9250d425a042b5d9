import type { EventSink } from "#events/contract.ts";
import type { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
import type { Drivers } from "./driver/drivers.ts";
import type { VolumeHolds } from "./mount/holds.ts";
import type { OwnerNamespaces } from "./mount/owner-namespaces.ts";
import type { Stage } from "./mount/stage.ts";
import type { ImageRoots } from "./ports.ts";
import type { VolumeStore } from "./volume-store.ts";

/** Work on whole trees, off the event loop; `store/tree/trees.ts` fits. */
export interface TreeWork {
  /** Missing is no error. Links are removed, not followed. */
  remove(folder: string): Promise<void>;
  /** Bytes on disk below the folder. */
  measure(folder: string): Promise<number>;
  /** Copies what is in a folder into another: owners, modes, times, attributes, links, devices. */
  copy(from: string, to: string): Promise<void>;
}

/** Who files in a bind belong to on the host: whoever made them, or the folder's owner. */
export type BindOwner = "container" | "auto";

/** What the verbs share; each takes the part it names. */
export interface VolumeContext {
  readonly store: VolumeStore;
  readonly trees: TreeWork;
  readonly events: EventSink;
  readonly logger: Logger;
  /** One verb at a time changes a volume. */
  readonly locks: KeyedMutex;
  /** Whose new folders are: the containers' root, where that is not the host's. */
  readonly owner: Owner | undefined;
  readonly drivers: Drivers;
  readonly holds: VolumeHolds;
  readonly stage: Stage;
  readonly ownerNamespaces: OwnerNamespaces;
  readonly images: ImageRoots;
  /** Where a container does not say it. */
  readonly bindOwner: BindOwner;
}
