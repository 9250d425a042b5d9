import { restartDelay } from "./restart-policy.ts";

/** The waits between two runs of a restart policy. They grow in memory: a daemon that starts anew begins with the shortest. */
export class RestartTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #delays = new Map<string, number>();

  /**
   * Calls `restart` after the wait that is due.
   *
   * @param ranMs how long the run took that just ended.
   */
  schedule(id: string, ranMs: number, restart: () => void): void {
    const delay = restartDelay(this.#delays.get(id), ranMs);
    this.#delays.set(id, delay);
    this.after(id, delay, restart);
  }

  after(id: string, delay: number, work: () => void): void {
    clearTimeout(this.#timers.get(id));
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      work();
    }, delay);
    this.#timers.set(id, timer);
  }

  /** Calls the wait off and forgets how long it has grown. */
  reset(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#delays.delete(id);
  }

  resetAll(): void {
    for (const id of this.#timers.keys()) this.reset(id);
  }
}
