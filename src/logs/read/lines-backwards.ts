import type { FileHandle } from "node:fs/promises";
import { type CriHeader, headerAt } from "./cri-lines.ts";
import type { Segment } from "./segments.ts";

/** A line of the log, without what it says. */
export interface BackwardLine extends CriHeader {
  readonly segment: number;
  /** Where it ends, its newline included. */
  readonly end: number;
}

const BLOCK = 128 * 1024;
/** A beginning this long without a newline is not kept: it is no log. */
const LONGEST_LINE = 1024 * 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** The lines of a log from the last to the first, in batches. What is not of the format is left out. */
export async function* linesBackwards(segments: readonly Segment[]): AsyncGenerator<BackwardLine[], void, undefined> {
  for (const [index, segment] of [...segments.entries()].toReversed()) yield* linesOfFile(await segment.content(), index);
}

async function* linesOfFile(file: FileHandle, segment: number): AsyncGenerator<BackwardLine[], void, undefined> {
  const { size } = await file.stat();
  /** End of a line that begins in a block further ahead. */
  let rest: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - BLOCK);
    const text = Buffer.concat([await readAt(file, start, end - start), rest]);
    const { lines, unread } = linesIn(text, segment, start);
    yield lines;
    rest = unread > LONGEST_LINE ? Buffer.alloc(0) : text.subarray(0, unread);
    end = start;
  }
}

/** @param offset of the text in the file. @returns the lines, last first, and how much of the text belongs to one that begins before. */
function linesIn(text: Buffer, segment: number, offset: number): { lines: BackwardLine[]; unread: number } {
  const lines: BackwardLine[] = [];
  let end = text.lastIndexOf(NEWLINE) + 1;
  if (end === 0) return { lines, unread: text.length };
  while (end > 0) {
    const start = end === 1 ? 0 : text.lastIndexOf(NEWLINE, end - 2) + 1;
    if (start === 0 && offset > 0) return { lines, unread: end };
    const header = headerOf(text, start, end);
    if (header !== undefined) lines.push({ ...header, segment, end: offset + end });
    end = start;
  }
  return { lines, unread: 0 };
}

function headerOf(text: Buffer, start: number, end: number): CriHeader | undefined {
  const space = text.indexOf(SPACE, start);
  return space === -1 || space >= end ? undefined : headerAt(text, space + 1);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(block, 0, length, position);
  return block.subarray(0, bytesRead);
}
