import type { BuildMessage, BuildSink } from "#build/build-input.ts";

/** Characters that wait for a slow client; then the command that writes them waits. */
const MOST_WAITING = 256 * 1024;

/** Lines of a build on their way to a client. */
export class LineQueue implements BuildSink, AsyncIterable<BuildMessage> {
  #lines: BuildMessage[] = [];
  #waiting = 0;
  readonly #started = Promise.withResolvers<void>();
  #wake: (() => void) | undefined;
  #room = Promise.withResolvers<void>();
  #end: { readonly error: Error | undefined } | undefined;
  #closed = false;

  /** Resolves with the first line. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  push(message: BuildMessage): void {
    if (this.#end !== undefined || this.#closed) return;
    this.#lines.push(message);
    this.#waiting += "stream" in message ? message.stream.length : 1;
    this.#started.resolve();
    this.#wake?.();
  }

  async room(): Promise<void> {
    if (this.#waiting > MOST_WAITING && !this.#closed) await this.#room.promise;
  }

  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** The client is gone: nobody waits for it any more. */
  close(): void {
    this.#closed = true;
    this.#room.resolve();
  }

  /** @throws what ended it, after the last line. */
  async *[Symbol.asyncIterator](): AsyncGenerator<BuildMessage, void, undefined> {
    for (;;) {
      const lines = this.#lines;
      this.#lines = [];
      yield* lines;
      if (lines.length > 0) {
        this.#waiting = this.#lines.reduce((sum, line) => sum + ("stream" in line ? line.stream.length : 1), 0);
        this.#room.resolve();
        this.#room = Promise.withResolvers();
        continue;
      }
      if (this.#end !== undefined) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#end.error !== undefined) throw this.#end.error;
  }
}
