/**
 * Hands values from one producer to one consumer. It holds at most `limit`; when the consumer is slower, the oldest give way, so
 * that memory stays bounded and the producer never waits.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  #values: T[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a value. False when the oldest had to give way for it. */
  push(value: T): boolean {
    if (this.#closed) return true;
    this.#values.push(value);
    const fits = this.#values.length <= this.#limit;
    if (!fits) this.#values.shift();
    this.#wake?.();
    return fits;
  }

  /** No more values come: the consumer gets what is there, and the end. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift() as T;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
