import { messageOf } from "#errors/engine-error.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Logger } from "#lib/logger.ts";

/**
 * The slow ends of things: an overlay whose last reference goes syncs its file system, 15 to 400 ms on one of libuv's few threads, and a
 * tree may have a hundred thousand files to delete. One at a time, or nothing else would be done.
 */
export class Background {
  readonly #logger: Logger;
  readonly #turns = new KeyedMutex();
  readonly #going = new Set<Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Waits for its turn and the work. */
  run(work: () => Promise<void>): Promise<void> {
    return this.#turns.run("", work);
  }

  /** For work that nobody waits for: what it throws is logged. */
  start(what: string, work: () => Promise<void>): void {
    this.watch(what, this.run(work));
  }

  /** For work that takes its turn by itself. */
  watch(what: string, work: Promise<void>): void {
    const going = work
      .catch((error: unknown) => {
        this.#logger.warn({ error: messageOf(error) }, `${what} failed`);
      })
      .finally(() => this.#going.delete(going));
    this.#going.add(going);
  }

  /** Resolves when nothing is going on. */
  async idle(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going);
  }
}
