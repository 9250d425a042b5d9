import { monotonicMs } from "#lib/monotonic.ts";
import { hexOf, type Digest } from "#spec/digest.ts";
import type { ProgressSink } from "#spec/progress.ts";

/** Bars are redrawn no more often. */
const BAR_MS = 100;

/** The lines of one layer of a push, as Docker's client renders them. */
export class PushProgress {
  readonly #sink: ProgressSink;
  readonly #id: string;
  #nextBar = 0;

  constructor(sink: ProgressSink, diffId: Digest) {
    this.#sink = sink;
    this.#id = hexOf(diffId).slice(0, 12);
  }

  step(status: string): void {
    this.#sink({ status, progressDetail: {}, id: this.#id });
  }

  /** @param total undefined while nobody knows it. */
  pushing(current: number, total: number | undefined): void {
    const now = monotonicMs();
    if (now < this.#nextBar && current !== total) return;
    this.#nextBar = now + BAR_MS;
    this.#sink({ status: "Pushing", progressDetail: total === undefined ? { current } : { current, total }, id: this.#id });
  }
}
