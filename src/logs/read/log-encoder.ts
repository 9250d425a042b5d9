import type { LogFormat, LogQuery } from "../contract.ts";
import { encodeRecords } from "./encode-records.ts";
import type { RawBlock } from "./forward-reader.ts";
import { FrameCutter } from "./frame-cutter.ts";
import { RecordPipe } from "./record-pipe.ts";

/** From blocks to what is sent: by cutting frames out of them, and by records only where something has to be decided for each line. */
export class LogEncoder {
  readonly #format: LogFormat;
  readonly #pipe: RecordPipe;
  readonly #cutter: FrameCutter;
  #byRecords: boolean;

  constructor(query: LogQuery, format: LogFormat, skip: number) {
    this.#format = format;
    this.#pipe = new RecordPipe(query, skip);
    this.#cutter = new FrameCutter(query, format);
    this.#byRecords = !this.#canCut;
  }

  /** Nothing that follows is wanted. */
  get done(): boolean {
    return this.#pipe.done;
  }

  push(raw: RawBlock): Buffer[] {
    if (this.#byRecords) return [this.#encode(raw)];
    const { frames, rest } = this.#cutter.push(raw.block, raw.first);
    if (rest === undefined) return [frames];
    this.#byRecords = true;
    return [frames, this.#encode({ block: rest, first: true })];
  }

  /** What has begun and has no end. */
  flush(): Buffer {
    const rest = this.#cutter.takeRest();
    const begun = rest.length === 0 ? [] : this.#pipe.push({ block: rest, first: true });
    return encodeRecords([...begun, ...this.#pipe.flush()], this.#format);
  }

  get #canCut(): boolean {
    return this.#format.details === "" && this.#pipe.clear;
  }

  #encode(raw: RawBlock): Buffer {
    const encoded = encodeRecords(this.#pipe.push(raw), this.#format);
    if (this.#canCut) {
      this.#cutter.giveRest(this.#pipe.takeRest());
      this.#byRecords = false;
    }
    return encoded;
  }
}
