import { messageOf } from "#errors/engine-error.ts";
import type { NetworkContext } from "../context.ts";
import { repairLinks } from "./repair-links.ts";

/**
 * Brings back within seconds what somebody takes away by hand: our rules, without which a neighbour of the host reaches containers, and
 * our interfaces, without which they reach nobody.
 */
export class HostWatch {
  readonly #context: NetworkContext;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;

  constructor(context: NetworkContext, everyMs: number) {
    this.#context = context;
    this.#everyMs = everyMs;
  }

  start(): void {
    if (this.#everyMs === 0 || this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      // One look at a time: those that a busy machine is late with would pile up.
      this.#look ??= this.#verify().finally(() => (this.#look = undefined));
    }, this.#everyMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
  }

  async #verify(): Promise<void> {
    const { firewall, logger } = this.#context;
    await firewall.verify().catch((error: unknown) => logger.warn({ error: messageOf(error) }, "the packet filter cannot be looked at"));
    await repairLinks(this.#context).catch((error: unknown) => logger.warn({ error: messageOf(error) }, "interfaces cannot be looked at"));
  }
}
