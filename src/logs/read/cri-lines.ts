import type { LogRecord } from "../contract.ts";

/** One line of a log file in the CRI format. `data` ends with the newline unless it is only part of what the container wrote. */
export interface CriLine extends LogRecord {
  readonly partial: boolean;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const LETTER_P = 0x50;
const LETTER_F = 0x46;
/** What the monitor writes is at most 8 KiB a line; more than this without a newline is no log, and is skipped. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Cuts a file, as it comes in blocks, into lines. A line's data is a view of the block that it came in, so that a block is kept for as long as one
 * of its lines is. What is not of the format (a line that was torn when the disk was full) is skipped.
 */
export class CriLines {
  #rest: Buffer = Buffer.alloc(0);
  #skipping = false;
  readonly #clock = new TimestampReader();

  /** @param block is not written to any more by the caller. */
  push(block: Buffer): CriLine[] {
    const text = this.#rest.length === 0 ? block : Buffer.concat([this.#rest, block]);
    const lines: CriLine[] = [];
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, start)) {
      const line = this.#skipping ? undefined : this.#parse(text, start, end);
      this.#skipping = false;
      if (line !== undefined) lines.push(line);
      start = end + 1;
    }
    this.#keep(text.subarray(start));
    return lines;
  }

  /** A line has begun that is none: everything up to its end is left out. */
  get skipping(): boolean {
    return this.#skipping;
  }

  /** What has come of a line whose end has not; it is forgotten. */
  takeRest(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }

  #keep(rest: Buffer): void {
    if (rest.length > LONGEST_LINE) this.#skipping = true;
    this.#rest = this.#skipping ? Buffer.alloc(0) : rest;
  }

  /** `<time> <stream> <P|F> <data>`. */
  #parse(text: Buffer, start: number, end: number): CriLine | undefined {
    const timeEnd = text.indexOf(SPACE, start);
    if (timeEnd === -1 || timeEnd >= end) return undefined;
    const header = headerAt(text, timeEnd + 1);
    const dataStart = timeEnd + HEADER_LENGTH;
    if (header === undefined || dataStart > end) return undefined;
    const timeNano = this.#clock.read(text, start, timeEnd);
    if (timeNano === undefined) return undefined;
    const { stream, partial } = header;
    return { stream, timeNano, partial, data: text.subarray(dataStart, partial ? end : end + 1) };
  }
}

export interface CriHeader {
  readonly stream: LogRecord["stream"];
  readonly partial: boolean;
}

/** ` stdout F ` and ` stderr F ` are of one length. */
const HEADER_LENGTH = 10;
const HEADERS = {
  out: { whole: { stream: "stdout", partial: false }, part: { stream: "stdout", partial: true } },
  err: { whole: { stream: "stderr", partial: false }, part: { stream: "stderr", partial: true } },
} as const;

/** Reads `stdout P ` and the like. Only the letters that tell are looked at. */
export function headerAt(text: Buffer, position: number): CriHeader | undefined {
  const [third, last] = [text[position + 3], text[position + 5]];
  const kind = third === 0x6f && last === 0x74 ? HEADERS.out : third === 0x65 && last === 0x72 ? HEADERS.err : undefined;
  const tag = text[position + 7];
  if (kind === undefined || text[position + 8] !== SPACE) return undefined;
  if (tag === LETTER_F) return kind.whole;
  return tag === LETTER_P ? kind.part : undefined;
}

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn` and `+HH:MM`, `-HH:MM` or `Z`. */
const SECONDS_END = 19;
const FRACTION_END = 29;

/**
 * Reads timestamps. The monitor gives all lines of one read (8 KiB) the same, and most lines of a busy log share their second, so that what was
 * read last is often the answer.
 */
class TimestampReader {
  #text: Buffer = Buffer.alloc(0);
  #time = 0n;

  read(text: Buffer, start: number, end: number): bigint | undefined {
    const length = this.#text.length;
    if (length === end - start && text.compare(this.#text, 0, length, start, end) === 0) return this.#time;
    const time = parseTimestamp(text.toString("latin1", start, end));
    if (time === undefined) return undefined;
    this.#text = text.subarray(start, end);
    this.#time = time;
    return time;
  }
}

/** Nanoseconds since the epoch; undefined for what is no time. */
function parseTimestamp(text: string): bigint | undefined {
  const seconds = Date.parse(`${text.slice(0, SECONDS_END)}Z`) / 1000;
  const fraction = text.charCodeAt(SECONDS_END) === 0x2e ? Number(text.slice(SECONDS_END + 1, FRACTION_END)) : Number.NaN;
  const offset = offsetSeconds(text.slice(FRACTION_END));
  if (!Number.isInteger(seconds) || !Number.isInteger(fraction) || offset === undefined) return undefined;
  return BigInt(seconds - offset) * 1_000_000_000n + BigInt(fraction);
}

function offsetSeconds(zone: string): number | undefined {
  if (zone === "+00:00" || zone === "Z") return 0;
  const match = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (match === null) return undefined;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60;
  return match[1] === "-" ? -seconds : seconds;
}
