import { monotonicMs } from "#lib/monotonic.ts";
import { EngineError } from "#errors/engine-error.ts";
import { asNetworkError } from "./network-error.ts";
import type { HttpResponse } from "./transport.ts";

/** A body that nobody wants is read to its end only when it is short, to keep the connection. */
const WORTH_READING = 64 * 1024;

/** A server that gives less than this in the time of a stall is not worth waiting for: a byte a second would go on for days. */
const LEAST_BYTES = 1024;

/**
 * The chunks of a body, with a limit on how long the next ones may take. Waiting for us does not count: only what the server owes.
 *
 * @throws EngineError `unavailable` (code `transient`), `cancelled`.
 */
export async function* chunksOf(response: HttpResponse, stallMs: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = response.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const stop = (): void => void response.body.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let [waitedMs, fresh] = [0, 0];
  try {
    for (;;) {
      const start = monotonicMs();
      const next = await nextWithin(chunks, response, stallMs, stallMs - waitedMs);
      if (next.done === true) break;
      waitedMs += monotonicMs() - start;
      fresh += next.value.length;
      if (fresh >= LEAST_BYTES) [waitedMs, fresh] = [0, 0];
      yield next.value;
    }
    if (!response.body.complete) throw new Error("unexpected EOF");
  } catch (cause) {
    throw asNetworkError(cause, "GET", response.url, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    response.body.destroy();
  }
}

async function nextWithin(
  chunks: AsyncIterator<Buffer>,
  response: HttpResponse,
  stallMs: number,
  leftMs: number,
): Promise<IteratorResult<Buffer>> {
  const stalled = (): void => void response.body.destroy(new Error(`no data to speak of for ${stallMs / 1000} seconds`));
  const timer = setTimeout(stalled, Math.max(0, leftMs));
  try {
    return await chunks.next();
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body. @throws EngineError `too-large` over the limit, by its announced or its real length. */
export async function readWhole(response: HttpResponse, limit: number, stallMs: number, signal: AbortSignal): Promise<Buffer> {
  const announced = lengthOf(response);
  if (announced !== undefined && announced > limit) {
    response.body.destroy();
    throw tooLarge(response.url, limit);
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(response, stallMs, signal)) {
    size += chunk.length;
    if (size > limit) throw tooLarge(response.url, limit);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** Up to `limit` bytes of a body whose rest does not matter: an error's. Never throws. */
export async function readStart(response: HttpResponse, limit: number, stallMs: number, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of chunksOf(response, stallMs, signal)) {
      parts.push(chunk);
      size += chunk.length;
      if (size >= limit) break;
    }
  } catch {
    // What came is enough.
  }
  return Buffer.concat(parts).subarray(0, limit);
}

export function discard(response: HttpResponse): void {
  if ((lengthOf(response) ?? Number.POSITIVE_INFINITY) <= WORTH_READING) response.body.resume();
  else response.body.destroy();
}

export function lengthOf(response: HttpResponse): number | undefined {
  const text = response.headers["content-length"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function tooLarge(url: URL, limit: number): EngineError {
  return new EngineError("too-large", `${url.pathname}: the registry's answer is over ${limit} bytes`);
}
