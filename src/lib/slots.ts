/** Runs at most so many pieces of work at a time, in the order of asking. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #refusal: (reason: unknown) => unknown;

  /** @param refusal makes what is thrown out of why a signal came before its turn; that itself, unless given. */
  constructor(count: number, refusal: (reason: unknown) => unknown = (reason) => reason) {
    this.#free = count;
    this.#refusal = refusal;
  }

  /** Whoever comes now has to wait. */
  get isFull(): boolean {
    return this.#free <= 0;
  }

  /** Rejects when the signal comes before its turn. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#give();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const leave = (): void => {
      const place = this.#waiting.indexOf(turn.resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      turn.reject(this.#refusal(signal.reason));
    };
    this.#waiting.push(turn.resolve);
    signal.addEventListener("abort", leave, { once: true });
    await turn.promise.finally(() => signal.removeEventListener("abort", leave));
  }

  /** The place goes straight to the next in line. */
  #give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
