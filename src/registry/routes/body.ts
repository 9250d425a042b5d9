import { RegistryError } from "../protocol/registry-error.ts";

/**
 * A body that ends with an error when nothing comes for long: somebody who sends a byte now and then keeps a connection, and nothing else.
 */
export async function* patiently(source: AsyncIterable<Uint8Array>, stallMs: number): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let giveUp: (error: Error) => void = () => undefined;
  const timer = setTimeout(() => giveUp(stalled(stallMs)), stallMs);
  let isEnded = false;
  try {
    for (;;) {
      // Not Promise.race with one promise for all: that keeps a reaction for every chunk there ever was.
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        iterator.next().then(resolve, reject);
      });
      isEnded = next.done === true;
      if (next.done === true) return;
      timer.refresh();
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
    // Not waited for: it is asleep.
    if (!isEnded) void iterator.return?.().catch(() => undefined);
  }
}

function stalled(ms: number): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", `nothing came for ${ms / 1000} s`, { status: 408 });
}

/** The whole of a small body. @throws `tooLarge` as soon as it is more, before the body is read where its length is announced. */
export async function readBody(
  source: AsyncIterable<Uint8Array>,
  announced: number | undefined,
  limit: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  if (announced !== undefined && announced > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
