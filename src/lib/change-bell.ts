/** Tells whoever waits that something has changed; what, they look for themselves. */
export class ChangeBell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * Resolves with the first answer of `look` that is not undefined: now, or after a ring.
   *
   * @returns undefined when the signal aborts before.
   */
  async until<T>(look: () => T | undefined, signal: AbortSignal): Promise<T | undefined> {
    const now = look();
    if (now !== undefined || signal.aborted) return now;
    const found = Promise.withResolvers<T | undefined>();
    const onRing = (): void => {
      const answer = look();
      if (answer !== undefined) found.resolve(answer);
    };
    const onAbort = (): void => found.resolve(undefined);
    this.#waiting.add(onRing);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await found.promise;
    } finally {
      this.#waiting.delete(onRing);
      signal.removeEventListener("abort", onAbort);
    }
  }
}
