import type { Logger } from "#lib/logger.ts";

/**
 * Work that goes on behind an answer: unmounting, deleting, giving addresses back. One chain per container, in order, so that a
 * restart that follows waits for what it needs; different containers do not wait for each other.
 */
export class BackgroundQueue {
  readonly #logger: Logger;
  readonly #tails = new Map<string, Promise<void>>();

  constructor({ logger }: { logger: Logger }) {
    this.#logger = logger;
  }

  /** Appends work. What it throws is logged: there is no one left to tell. */
  add(key: string, what: string, work: () => Promise<unknown>): void {
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(async () => {
      try {
        await work();
      } catch (error) {
        this.#logger.error({ container: key, error }, `${what} failed`);
      }
    });
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
  }

  /** Resolves when everything that was added for the key so far is done. */
  async idle(key: string): Promise<void> {
    await this.#tails.get(key);
  }

  /** Resolves when nothing is left to do. */
  async drain(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
