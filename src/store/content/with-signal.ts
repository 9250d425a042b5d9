import { EngineError } from "#errors/engine-error.ts";

/** A stream that ends with an error as soon as the caller goes away, also while its source is asleep. */
export async function* withSignal(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const abort = (): void => {
    aborted.reject(new EngineError("cancelled", "the caller went away", { cause: signal.reason }));
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), aborted.promise]);
      ended = done === true;
      if (done === true) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    // Not waited for: it may be asleep for good.
    if (!ended) void iterator.return?.().catch(() => undefined);
  }
}
