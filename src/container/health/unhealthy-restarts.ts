import type { Logger } from "#lib/logger.ts";
import { isActive, type Container } from "../record/container.ts";
import type { Health } from "./health.ts";
import { unhealthyDelay, type HealthOnFailure } from "./on-failure.ts";

export interface UnhealthyRestartsDeps {
  readonly policyOf: (container: Container) => HealthOnFailure;
  readonly restart: (id: string, health: Health) => Promise<void>;
  readonly logger: Logger;
}

/** Restarts containers that have become unhealthy, where that was asked for. The waits grow in memory, as those of restart policies do. */
export class UnhealthyRestarts {
  readonly #deps: UnhealthyRestartsDeps;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #delays = new Map<string, number>();

  constructor(deps: UnhealthyRestartsDeps) {
    this.#deps = deps;
  }

  /** A check has made it another: unhealthy plans a restart, anything else calls it off. */
  noticed(container: Container, health: Health): void {
    const { id, state } = container;
    this.cancel(id);
    if (health.status !== "unhealthy" || !isActive(state) || this.#deps.policyOf(container) !== "restart") return;
    const delay = unhealthyDelay(this.#delays.get(id), Date.now() - state.startedAt);
    this.#delays.set(id, delay);
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      void this.#restart(id, health);
    }, delay);
    this.#timers.set(id, timer.unref());
  }

  cancel(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  forget(id: string): void {
    this.cancel(id);
    this.#delays.delete(id);
  }

  async #restart(id: string, health: Health): Promise<void> {
    try {
      await this.#deps.restart(id, health);
    } catch (error) {
      this.#deps.logger.warn({ container: id, error }, "an unhealthy container could not be restarted");
    }
  }
}
