import type { LogQuery, LogRecord } from "./contract.ts";

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

  select(records: readonly LogRecord[]): readonly LogRecord[] {
    const { stdout, stderr, since, until } = this.#query;
    if (stdout && stderr && since === undefined && until === undefined && this.#skip === 0) return records;
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
