import { constants, openSync, readSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";

/** A file that a thread writes and others read meanwhile. Plain data, but for memory that they share. */
export interface GrowingFile {
  /** Where it is while it grows, and where when it is whole: opened in this order it is found, or its writing has failed. */
  readonly paths: readonly [growing: string, whole: string];
  readonly progress: SharedArrayBuffer;
}

/** Words of the progress: how often something has changed, and how it ended. Behind them the bytes that are in the file. */
const CHANGES = 0;
const ENDED = 1;
const BYTES_AT = 8;
const PROGRESS_BYTES = 16;

const GOING = 0;
const WHOLE = 1;
const FAILED = 2;

/** How soon a job that was cancelled is seen to be, in ms. */
const LOOK_MS = 200;
const READ_BYTES = 512 * 1024;

export function newProgress(): SharedArrayBuffer {
  return new SharedArrayBuffer(PROGRESS_BYTES);
}

/** The writing side. */
export class Growth {
  readonly #words: Int32Array;
  readonly #bytes: BigInt64Array;

  constructor(progress: SharedArrayBuffer) {
    this.#words = new Int32Array(progress);
    this.#bytes = new BigInt64Array(progress, BYTES_AT);
  }

  /** So many bytes are in the file. */
  reached(bytes: number): void {
    Atomics.store(this.#bytes, 0, BigInt(bytes));
    this.#changed();
  }

  end(outcome: "whole" | "failed"): void {
    Atomics.store(this.#words, ENDED, outcome === "whole" ? WHOLE : FAILED);
    this.#changed();
  }

  #changed(): void {
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }
}

/** @throws EngineError `cancelled` when its writing has failed. */
export function openGrowing({ paths }: GrowingFile): number {
  for (const path of paths) {
    try {
      return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  throw unfinished();
}

/**
 * The file from its beginning to what is its end when it is whole, in pieces that are valid until the next is asked for. The thread sleeps
 * while nothing is added.
 *
 * @throws EngineError `cancelled` when the writing failed, and for a job that nobody wants any more.
 */
// oxlint-disable-next-line typescript/require-await -- an asynchronous iterable like the other inputs
export async function* readGrowing(
  fd: number,
  { progress }: Pick<GrowingFile, "progress">,
  cancelled: () => boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const words = new Int32Array(progress);
  const bytes = new BigInt64Array(progress, BYTES_AT);
  for (let at = 0; ;) {
    // In this order: what is changed behind the look ends the sleep at once.
    const changes = Atomics.load(words, CHANGES);
    const ended = Atomics.load(words, ENDED);
    const there = Number(Atomics.load(bytes, 0));
    if (cancelled() || ended === FAILED) throw unfinished();
    if (at < there) {
      const length = readSync(fd, buffer, 0, Math.min(buffer.length, there - at), at);
      at += length;
      yield buffer.subarray(0, length);
    } else if (ended === GOING) Atomics.wait(words, CHANGES, changes, LOOK_MS);
    else return;
  }
}

function unfinished(): EngineError {
  return new EngineError("cancelled", "the file was not finished");
}
