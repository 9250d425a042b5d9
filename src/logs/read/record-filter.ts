import type { LogQuery, LogRecord } from "../contract.ts";

/** Leaves out what a query does not want. */
export class RecordFilter {
  readonly #query: LogQuery;
  #skip: number;
  #done = false;

  /** @param skip how many records of the wanted streams are left out first. */
  constructor(query: LogQuery, skip: number) {
    this.#query = query;
    this.#skip = skip;
  }

  /** A record later than `until` has come by: all that follow are. */
  get done(): boolean {
    return this.#done;
  }

  /** From here on it leaves out nothing but streams. */
  get onlyByStream(): boolean {
    return (this.#query.since ?? 0n) <= 0n && this.#query.until === undefined && this.#skip === 0;
  }

  select(records: readonly LogRecord[]): readonly LogRecord[] {
    const { stdout, stderr } = this.#query;
    if (stdout && stderr && this.onlyByStream) return records;
    return records.filter((record) => this.#wants(record));
  }

  #wants({ stream, timeNano }: LogRecord): boolean {
    const { since, until } = this.#query;
    if (!this.#query[stream]) return false;
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (until !== undefined && timeNano > until) this.#done = true;
    return !this.#done && (since === undefined || timeNano >= since);
  }
}
