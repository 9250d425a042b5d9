import type { EventSink } from "#events/contract.ts";
import type { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
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
}
