import { messageOf } from "#errors/engine-error.ts";
import type { NetworkContext } from "../context.ts";

/** Brings our rules back within seconds when somebody flushes them: without them a neighbour of the host reaches containers. */
export class RulesWatch {
  readonly #context: Pick<NetworkContext, "firewall" | "logger">;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();

  constructor(context: Pick<NetworkContext, "firewall" | "logger">, everyMs: number) {
    this.#context = context;
    this.#everyMs = everyMs;
  }

  start(): void {
    if (this.#everyMs === 0 || this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#look = this.#verify();
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
  }
}
