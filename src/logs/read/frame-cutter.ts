import type { LogFormat, LogQuery } from "../contract.ts";
import { LONGEST_RECORD } from "./line-joiner.ts";

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+00:00 stdout F `: what the monitor puts before each line is always as long. */
const TIME_END = 29;
const STREAM_LETTER = 39;
const TAG = 43;
const DATA = 45;
const LINE = { T: 10, plus: 29, colon: 32, space: 35, secondSpace: 42, thirdSpace: 44 } as const;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const [LETTER_T, LETTER_Z, LETTER_F, LETTER_P, LETTER_O, LETTER_E, PLUS, ZERO, COLON] = [
  0x54, 0x5a, 0x46, 0x50, 0x6f, 0x65, 0x2b, 0x30, 0x3a,
];
/** The longest frame header and time are shorter than what stood before the line. */
const FRAME_HEADER = 8;
const TIME_LENGTH = TIME_END + 2;

export interface Cut {
  /** What can be sent: a part of the text that was pushed. */
  readonly frames: Buffer;
  /** From here on somebody has to look closer; undefined when all was understood. */
  readonly rest: Buffer | undefined;
}

/** Of a line that comes in parts: its end is not here yet, or other lines lie in between. */
const MORE = -1;
const MIXED = -2;
/** More than this without an understood line is for somebody else to skip. */
const LONGEST_REST = 2 * LONGEST_RECORD;

/**
 * Turns blocks of a log into frames without a value for any line: a frame is shorter than the line it is made of, so that the frames are
 * written over the lines that were read. It knows the monitor's own lines, and hands back what is anything else: another format, or
 * long lines of both streams that come mixed.
 */
export class FrameCutter {
  readonly #wanted: readonly boolean[];
  readonly #header: number;
  readonly #timestamps: boolean;
  #kept: Buffer = Buffer.alloc(0);

  constructor({ stdout, stderr }: Pick<LogQuery, "stdout" | "stderr">, { framed, timestamps }: LogFormat) {
    this.#wanted = [false, stdout, stderr];
    this.#header = framed ? FRAME_HEADER : 0;
    this.#timestamps = timestamps;
  }

  /** @param block is written over. @param first what is left of a torn line from the file before does not belong to it. */
  push(block: Buffer, first: boolean): Cut {
    const kept = first ? this.#kept.subarray(0, this.#kept.lastIndexOf(NEWLINE) + 1) : this.#kept;
    const text = kept.length === 0 ? block : Buffer.concat([kept, block]);
    this.#kept = Buffer.alloc(0);
    return this.#cut(text);
  }

  /** What has come of a line whose end has not; it is forgotten. */
  takeRest(): Buffer {
    const rest = this.#kept;
    this.#kept = Buffer.alloc(0);
    return rest;
  }

  /** What somebody else has read and not used. */
  giveRest(rest: Buffer): void {
    this.#kept = rest;
  }

  #cut(text: Buffer): Cut {
    let [at, to] = [0, 0];
    while (at < text.length) {
      const end = text.indexOf(NEWLINE, at);
      if (end === -1) break;
      const stream = streamOf(text, at, end);
      if (stream === 0) return handBack(text, at, to);
      if (this.#wanted[stream] !== true) {
        at = end + 1;
        continue;
      }
      const after = text[at + TAG] === LETTER_F ? end + 1 : this.#endOfParts(text, at, stream);
      if (after === MORE) break;
      if (after === MIXED) return handBack(text, at, to);
      to = this.#write(text, at, after, stream, to);
      at = after;
    }
    if (text.length - at > LONGEST_REST) return handBack(text, at, to);
    // Copied: the frames go out, and this is looked at again with the next block.
    this.#kept = Buffer.from(text.subarray(at));
    return { frames: text.subarray(0, to), rest: undefined };
  }

  /** Where the line is over that begins here, and comes in parts; where it is handed out in pieces, such a piece. */
  #endOfParts(text: Buffer, start: number, stream: number): number {
    let length = 0;
    for (let [at, end] = [start, 0]; ; at = end + 1) {
      end = text.indexOf(NEWLINE, at);
      if (end === -1) return MORE;
      const found = streamOf(text, at, end);
      if (found === 0) return MIXED;
      if (found === stream) {
        length += end - at - DATA;
        if (text[at + TAG] === LETTER_F || length >= LONGEST_RECORD) return end + 1;
      } else if (this.#wanted[found] === true) return MIXED;
    }
  }

  /** Writes one line as a frame. @returns where that ends. */
  #write(text: Buffer, start: number, after: number, stream: number, frame: number): number {
    const begin = this.#begin(text, start, frame);
    const end = text[start + TAG] === LETTER_F ? copy(text, begin, start + DATA, after) : copyParts(text, begin, start, after, stream);
    if (this.#header > 0) {
      text.writeUInt32BE(stream * 0x100_0000, frame);
      text.writeUInt32BE(end - frame - FRAME_HEADER, frame + 4);
    }
    return end;
  }

  /** Writes what stands before a line's text, but for the frame's header, whose place is left free. */
  #begin(text: Buffer, at: number, to: number): number {
    const begin = to + this.#header;
    if (!this.#timestamps) return begin;
    text.copyWithin(begin, at, at + TIME_END);
    text[begin + TIME_END] = LETTER_Z;
    text[begin + TIME_END + 1] = SPACE;
    return begin + TIME_LENGTH;
  }
}

function copy(text: Buffer, to: number, start: number, end: number): number {
  text.copyWithin(to, start, end);
  return to + end - start;
}

/** Of the lines up to `after` those of one stream, one behind the other. */
function copyParts(text: Buffer, begin: number, start: number, after: number, stream: number): number {
  let to = begin;
  for (let [at, end] = [start, 0]; at < after; at = end + 1) {
    end = text.indexOf(NEWLINE, at);
    // What stands before the first one may be written over by now.
    if (at === start || streamOf(text, at, end) === stream) to = copy(text, to, at + DATA, text[at + TAG] === LETTER_P ? end : end + 1);
  }
  return to;
}

function handBack(text: Buffer, at: number, to: number): Cut {
  return { frames: text.subarray(0, to), rest: text.subarray(at) };
}

/** 1 for stdout, 2 for stderr, 0 for what is not a line as the monitor writes it, in UTC. Digits are not looked at. */
function streamOf(text: Buffer, at: number, end: number): number {
  if (end - at < DATA) return 0;
  const isLine =
    text[at + LINE.T] === LETTER_T &&
    text[at + LINE.plus] === PLUS &&
    text[at + LINE.plus + 1] === ZERO &&
    text[at + LINE.plus + 2] === ZERO &&
    text[at + LINE.colon] === COLON &&
    text[at + LINE.space] === SPACE &&
    text[at + LINE.secondSpace] === SPACE &&
    text[at + LINE.thirdSpace] === SPACE;
  const tag = text[at + TAG];
  if (!isLine || (tag !== LETTER_F && tag !== LETTER_P)) return 0;
  if (text[at + STREAM_LETTER] === LETTER_O) return 1;
  return text[at + STREAM_LETTER] === LETTER_E ? 2 : 0;
}
