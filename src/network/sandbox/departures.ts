import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";

/**
 * What goes on behind the answer to a release: the kernel is still taking interfaces away, and addresses are not free yet. Who
 * needs one waits for it here.
 */
export class Departures {
  readonly #logger: Logger;
  readonly #pending = new Set<Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get size(): number {
    return this.#pending.size;
  }

  begin(containerId: string, work: () => Promise<void>): void {
    const departure = work().catch((error: unknown) => {
      this.#logger.error({ container: containerId, error: messageOf(error) }, "a container's network could not be taken away");
    });
    this.#pending.add(departure);
    void departure.then(() => this.#pending.delete(departure));
  }

  /** Resolves when nothing is left of those that have begun; never rejects. */
  async all(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
