import type http from "node:http";

/** A stream's pieces have to be valid until the next is asked for, and no longer. */
export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Sends a request's body, piece after piece as the other side takes them. Resolves when all is sent, or there is an answer already: then
 * nobody reads on.
 *
 * @throws what the stream throws; Error when a piece is not taken within `stallMs`.
 */
export async function sendBody(
  client: http.ClientRequest,
  body: RequestBody | undefined,
  stallMs: number,
  answered: AbortSignal,
): Promise<void> {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    client.end(body);
    return;
  }
  for await (const piece of body) {
    if (answered.aborted || client.destroyed) return;
    await taken(client, piece, stallMs, answered);
  }
  if (!answered.aborted) client.end();
}

/** Until the piece is out of our hands: its memory is not ours afterwards. */
async function taken(client: http.ClientRequest, piece: Uint8Array, stallMs: number, answered: AbortSignal): Promise<void> {
  const done = Promise.withResolvers<void>();
  const finish = (): void => done.resolve();
  const stalled = (): void => done.reject(new Error(`nothing was taken for ${stallMs / 1000} seconds`));
  const timer = setTimeout(stalled, stallMs);
  answered.addEventListener("abort", finish, { once: true });
  client.once("close", finish);
  // Why it failed is what the request says.
  client.write(piece, finish);
  try {
    await done.promise;
  } finally {
    clearTimeout(timer);
    answered.removeEventListener("abort", finish);
    client.off("close", finish);
  }
}
