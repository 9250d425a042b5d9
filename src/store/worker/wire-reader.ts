import { EngineError } from "#errors/engine-error.ts";
import { bodyDecoder, BodyError, type BodyDecoder } from "#lib/body-decoder.ts";
import type { BodyCoding } from "#lib/byte-source.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { readAvailable, waitReadable } from "#sys/processes/wait-readable.ts";

/** A socket that a thread reads a message's body from. Crosses to the thread. */
export interface WireEnd {
  readonly fd: number;
  readonly coding: BodyCoding;
  /** What is read is read to here; the first bytes are there already. */
  readonly memory: SharedArrayBuffer;
  readonly filled: number;
  /** `WireOutcome` as words, for the other side to look at when the job is over. */
  readonly outcome: SharedArrayBuffer;
}

/** Words of the outcome: whether the body's end was reached, and where in the memory lies what was read behind it. */
export const OUTCOME = { ended: 0, restFrom: 1, restTo: 2, words: 3 } as const;

/** How soon a job that was cancelled is seen to be, in ms. */
const LOOK_MS = 200;

/**
 * The body, in pieces that are valid until the next is asked for. The thread sleeps while nothing comes.
 *
 * @throws EngineError `cancelled` for a client that is gone, and a job that nobody wants any more; `invalid` for what is no body.
 */
// oxlint-disable-next-line typescript/require-await -- an asynchronous iterable like the other inputs
export async function* readWire(wire: WireEnd, cancelled: () => boolean): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = bodyDecoder(wire.coding);
  const memory = Buffer.from(wire.memory);
  for (let filled = wire.filled; ; filled = fill(wire.fd, memory, cancelled)) {
    let at = 0;
    while (at < filled && !decoder.done) {
      const { start, end } = nextPiece(decoder, memory, at, filled);
      if (end > start) yield memory.subarray(start, end);
      at = end;
    }
    if (decoder.done) {
      tell(wire.outcome, at, filled);
      return;
    }
  }
}

function tell(outcome: SharedArrayBuffer, from: number, to: number): void {
  const words = new Int32Array(outcome);
  words[OUTCOME.restFrom] = from;
  words[OUTCOME.restTo] = to;
  Atomics.store(words, OUTCOME.ended, 1);
}

function nextPiece(decoder: BodyDecoder, memory: Buffer, at: number, filled: number): { start: number; end: number } {
  try {
    return decoder.next(memory, at, filled);
  } catch (cause) {
    throw cause instanceof BodyError ? new EngineError("invalid", cause.message, { cause }) : cause;
  }
}

function fill(fd: number, memory: Buffer, cancelled: () => boolean): number {
  for (;;) {
    if (cancelled()) throw new EngineError("cancelled", "the caller went away");
    const length = readUnlessBroken(fd, memory);
    if (length === 0) throw new EngineError("cancelled", "the request's body ended early");
    if (length !== undefined) return length;
    waitReadable(fd, LOOK_MS);
  }
}

/** A connection that broke has ended. */
function readUnlessBroken(fd: number, memory: Buffer): number | undefined {
  try {
    return readAvailable(fd, memory);
  } catch (error) {
    if (error instanceof SystemCallError && ["ECONNRESET", "ETIMEDOUT", "EPIPE"].includes(error.code)) return 0;
    throw error;
  }
}
