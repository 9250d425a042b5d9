import type { LogQuery, LogRecord } from "../contract.ts";
import { CriLines } from "./cri-lines.ts";
import type { RawBlock } from "./forward-reader.ts";
import { LineJoiner } from "./line-joiner.ts";
import { RecordFilter } from "./record-filter.ts";

/** From blocks to the records that a query wants. */
export class RecordPipe {
  readonly #joiner = new LineJoiner();
  readonly #filter: RecordFilter;
  #lines = new CriLines();

  /** @param skip how many records of the wanted streams are left out first. */
  constructor(query: LogQuery, skip: number) {
    this.#filter = new RecordFilter(query, skip);
  }

  /** Nothing that follows is wanted. */
  get done(): boolean {
    return this.#filter.done;
  }

  /** Holds no more than a part of the monitor's last line, and from there on only the stream decides what is wanted. */
  get clear(): boolean {
    return this.#joiner.empty && !this.#lines.skipping && this.#filter.onlyByStream;
  }

  push({ block, first }: RawBlock): readonly LogRecord[] {
    if (first) this.#lines = new CriLines();
    return this.#filter.select(this.#joiner.push(this.#lines.push(block)));
  }

  /** What has begun and has no end. */
  flush(): readonly LogRecord[] {
    return this.#filter.select(this.#joiner.flush());
  }

  /** What has come of the monitor's last line; it is forgotten. */
  takeRest(): Buffer {
    return this.#lines.takeRest();
  }
}
