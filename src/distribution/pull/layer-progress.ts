import { monotonicMs } from "#lib/monotonic.ts";
import type { Digest } from "#spec/digest.ts";
import { hexOf } from "#spec/digest.ts";
import type { ProgressSink } from "#spec/progress.ts";
import type { TransferState } from "./transfers.ts";

/** Bars are redrawn no more often. */
const BAR_MS = 100;

/**
 * The lines of one layer of a pull, as Docker's client renders them: each state once, bars a few times a second.
 */
export class LayerProgress {
  readonly #sink: ProgressSink;
  readonly #id: string;
  readonly #total: number;
  #last = "";
  #nextBar = 0;
  #isHere = false;

  constructor(sink: ProgressSink, digest: Digest, total: number) {
    this.#sink = sink;
    this.#id = hexOf(digest).slice(0, 12);
    this.#total = total;
  }

  /** A state without a measure. */
  step(status: "Pulling fs layer" | "Already exists" | "Waiting" | "Verifying Checksum" | "Download complete" | "Pull complete"): void {
    if (status === this.#last) return;
    this.#last = status;
    this.#sink({ status, progressDetail: {}, id: this.#id });
  }

  /** Not shown while it still downloads: there is one line for both. */
  extracting(current: number): void {
    if (this.#isHere) this.#bar("Extracting", current);
  }

  /** For `Transfers.fetch`. */
  readonly onTransfer = (state: TransferState): void => {
    switch (state.kind) {
      case "waiting":
        return this.step("Waiting");
      case "downloading":
        return this.#bar("Downloading", state.current);
      case "verifying":
        return this.step("Verifying Checksum");
      case "complete":
        this.#isHere = true;
        return this.step("Download complete");
    }
  };

  #bar(status: string, current: number): void {
    const now = monotonicMs();
    if (status === this.#last && now < this.#nextBar && current < this.#total) return;
    this.#nextBar = now + BAR_MS;
    this.#last = status;
    this.#sink({ status, progressDetail: { current, total: this.#total }, id: this.#id });
  }
}
