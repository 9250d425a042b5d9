/** Runs work one at a time per key, in the order of asking; different keys never wait for each other. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>();

  /** How many keys are busy. */
  get size(): number {
    return this.#tails.size;
  }

  /** Waits for its turn, then runs `work`. A turn that throws does not disturb the next. */
  async run<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const previous = this.#tails.get(key);
    const turn = Promise.withResolvers<void>();
    this.#tails.set(key, turn.promise);
    try {
      await previous;
      return await work();
    } finally {
      // The last in line takes the key away, so that the map never grows with names that come from outside.
      if (this.#tails.get(key) === turn.promise) this.#tails.delete(key);
      turn.resolve();
    }
  }
}
