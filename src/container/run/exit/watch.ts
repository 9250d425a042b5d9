import type { ExitWaiters } from "./waiters.ts";

/** Waits for one container's next exit, from its construction on. */
export class ExitWatch implements Disposable {
  readonly #left = new AbortController();
  readonly #ended: Promise<boolean>;

  constructor(waiters: ExitWaiters, id: string) {
    this.#ended = waiters.next(id, "exit", this.#left.signal).then(
      () => true,
      () => false,
    );
  }

  /** True as soon as it has ended, false when `ms` are over first; without a limit where `ms` is negative. */
  async within(ms: number): Promise<boolean> {
    if (ms < 0) return await this.#ended;
    const timeout = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => timeout.resolve(false), ms);
    try {
      return await Promise.race([this.#ended, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#left.abort();
  }
}
