import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";

/**
 * What goes on behind the answer to a release, per container: the kernel is still taking interfaces away, and addresses are not
 * free yet. Who needs one waits for it here.
 */
export class Departures {
  readonly #logger: Logger;
  readonly #pending = new Map<string, Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get size(): number {
    return this.#pending.size;
  }

  begin(containerId: string, work: () => Promise<void>): void {
    const departure = work()
      .catch((error: unknown) => {
        this.#logger.error({ container: containerId, error: messageOf(error) }, "a container's network could not be taken away");
      })
      .finally(() => this.#pending.delete(containerId));
    this.#pending.set(containerId, departure);
  }

  /** Resolves when nothing of the container's earlier run is left; never rejects. */
  async of(containerId: string): Promise<void> {
    await this.#pending.get(containerId);
  }

  async all(): Promise<void> {
    await Promise.all(this.#pending.values());
  }
}
