import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { syncFileSystem } from "#sys/mounts/sync-file-system.ts";
import { removeFact, writeFact, type Facts } from "./facts.ts";

const UNSYNCED = "unsynced";
/** A sync in the middle of a pull would only hold it up. */
const DELAY_MS = 3000;

/**
 * Brings new layers to the disk behind the back of the pull that made them. A layer is marked with the boot it was made in; one sync
 * of the file system later the mark is taken off. A mark of another boot says that the host went down in between: files of that
 * layer may be empty, so it must not be used.
 */
export class LayerSync {
  readonly #root: string;
  readonly #bootId: string;
  readonly #logger: Logger;
  #marked = new Set<string>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(root: string, { bootId, logger }: { bootId: string; logger: Logger }) {
    this.#root = root;
    this.#bootId = bootId;
    this.#logger = logger;
  }

  /** Marks a layer in its staging folder; `folder` is where it is going to be. */
  mark(staged: string, folder: string): void {
    writeFact(staged, UNSYNCED, this.#bootId);
    this.#marked.add(folder);
  }

  /** Of a layer found at the start of a daemon. False when it may be damaged. */
  resume(folder: string, facts: Facts): boolean {
    const mark = facts.get(UNSYNCED);
    if (mark === undefined) return true;
    if (mark !== this.#bootId) return false;
    this.#marked.add(folder);
    return true;
  }

  /** Sees to it that all marked layers are synced some time soon. */
  start(): void {
    if (this.#marked.size === 0) return;
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS).unref();
  }

  /** Syncs what is marked, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#marked.size > 0) await this.#syncOnce();
    } catch (error) {
      // The marks stay: the next import or the next start tries again.
      this.#logger.warn({ error: messageOf(error) }, "layers could not be synced to the disk");
    }
  }

  async #syncOnce(): Promise<void> {
    const batch = this.#marked;
    this.#marked = new Set();
    try {
      await syncFileSystem(this.#root);
    } catch (error) {
      this.#marked = this.#marked.union(batch);
      throw error;
    }
    for (const folder of batch) unmark(folder, this.#bootId);
  }
}

function unmark(folder: string, bootId: string): void {
  try {
    removeFact(folder, UNSYNCED, bootId);
  } catch (error) {
    // Removed meanwhile.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
