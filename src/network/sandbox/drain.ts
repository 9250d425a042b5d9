import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "#lib/monotonic.ts";
import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { HostLinks } from "#sys/netns/host-network.ts";

export interface DrainDeps {
  readonly links: HostLinks;
  readonly logger: Logger;
}

interface Leaving {
  /** Host ends of the interfaces that have to be gone. */
  readonly names: readonly string[];
  readonly since: number;
  readonly gone: PromiseWithResolvers<void>;
}

const FIRST_LOOK_MS = 30;
const NEXT_LOOK_MS = 20;
/** The kernel needs some 35 ms. One that takes this long has another process in its namespace (`container:X`), and is taken from it. */
const PATIENCE_MS = 1000;

/**
 * Waits for interfaces to go. A namespace that nobody is in any more is ended by the kernel in the background, many at a time;
 * deleting each interface ourselves would hold the kernel's network lock for 20 to 40 ms apiece.
 */
export class Drain {
  readonly #links: HostLinks;
  readonly #logger: Logger;
  readonly #leaving = new Set<Leaving>();
  #watching = false;

  constructor({ links, logger }: DrainDeps) {
    this.#links = links;
    this.#logger = logger;
  }

  /** Resolves when the interfaces are gone; never rejects. */
  async gone(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const leaving = { names, since: monotonicMs(), gone: Promise.withResolvers<void>() };
    this.#leaving.add(leaving);
    if (!this.#watching) void this.#watch();
    await leaving.gone.promise;
  }

  /** Never rejects. */
  async #watch(): Promise<void> {
    this.#watching = true;
    await sleep(FIRST_LOOK_MS);
    while (this.#leaving.size > 0) {
      await this.#look().catch((error: unknown) => this.#logger.warn({ error: messageOf(error) }, "cannot list interfaces"));
      if (this.#leaving.size > 0) await sleep(NEXT_LOOK_MS);
    }
    this.#watching = false;
  }

  async #look(): Promise<void> {
    const present = new Set((await this.#links.survey()).links.map(({ name }) => name));
    for (const leaving of this.#leaving) {
      const left = leaving.names.filter((name) => present.has(name));
      if (left.length > 0 && monotonicMs() - leaving.since > PATIENCE_MS) await this.#force(left);
      else if (left.length > 0) continue;
      this.#leaving.delete(leaving);
      leaving.gone.resolve();
    }
  }

  async #force(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#links.removeLink(name).catch((error: unknown) => {
        this.#logger.warn({ name, error: messageOf(error) }, "an interface of a container that is gone cannot be removed");
      });
    }
  }
}
