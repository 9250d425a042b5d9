import type { ProgressMessage } from "#spec/progress.ts";

/**
 * Lines on their way to a client. A bar that the client has not taken yet gives way to its next state, so that a slow client sees
 * fewer steps, and memory holds no more than one line a bar.
 */
export class ProgressQueue implements AsyncIterable<ProgressMessage> {
  readonly #lines = new Map<string, ProgressMessage>();
  readonly #started = Promise.withResolvers<void>();
  #count = 0;
  #wake: (() => void) | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  /** Resolves with the first line. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  push(message: ProgressMessage): void {
    if (this.#end !== undefined) return;
    this.#lines.set(barOf(message) ?? `line ${this.#count++}`, message);
    this.#started.resolve();
    this.#wake?.();
  }

  /** Nothing comes any more. @param error what ended it, undefined when all went well. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** @throws what ended it, after the last line. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ProgressMessage, void, undefined> {
    for (;;) {
      for (const [key, message] of this.#lines) {
        this.#lines.delete(key);
        yield message;
      }
      if (this.#lines.size > 0) continue;
      if (this.#end !== undefined) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#end.error !== undefined) throw this.#end.error;
  }
}

/** The bar that a message is a state of. */
function barOf(message: ProgressMessage): string | undefined {
  if (!("progressDetail" in message) || "aux" in message || message.progressDetail.current === undefined) return undefined;
  return `bar ${message.id} ${message.status}`;
}
