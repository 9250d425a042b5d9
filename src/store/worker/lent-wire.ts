import type { LentBody } from "#lib/byte-source.ts";
import { closeFd, duplicateFd } from "#sys/processes/pipe.ts";
import { OUTCOME, type WireEnd } from "./wire-reader.ts";

/** A socket holds some 200 kB by itself; more at once would leave the processor's cache before it is written. */
const READ_BYTES = 256 * 1024;

/** A body on loan to a thread: with a descriptor of its own, since the connection's number may come to mean something else meanwhile. */
export class LentWire implements Disposable {
  readonly end: WireEnd;
  readonly #lent: LentBody;

  constructor(lent: LentBody) {
    this.#lent = lent;
    const { start, coding } = lent;
    const memory = new SharedArrayBuffer(Math.max(READ_BYTES, start.length));
    new Uint8Array(memory).set(start);
    const outcome = new SharedArrayBuffer(OUTCOME.words * Int32Array.BYTES_PER_ELEMENT);
    this.end = { fd: duplicateOrGiveBack(lent), coding, memory, filled: start.length, outcome };
  }

  /** The thread is done with it. */
  [Symbol.dispose](): void {
    const { fd, memory, outcome } = this.end;
    closeFd(fd);
    const words = new Int32Array(outcome);
    const ended = Atomics.load(words, OUTCOME.ended) === 1;
    this.#lent.giveBack(ended ? new Uint8Array(memory).slice(words[OUTCOME.restFrom], words[OUTCOME.restTo]) : undefined);
  }
}

function duplicateOrGiveBack(lent: LentBody): number {
  try {
    return duplicateFd(lent.fd, 0);
  } catch (error) {
    lent.giveBack(undefined);
    throw error;
  }
}
