import type { BytePath } from "../byte-path.ts";
import { TarError } from "./entry.ts";
import { readNumber } from "./numbers.ts";

export const BLOCK = 512;

/** A header block as it stands, without what an extended header before it says. */
export interface Header {
  /** The type letter: `0`, `5`, `x`, … */
  readonly type: string;
  readonly path: BytePath;
  readonly target: BytePath;
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  readonly size: number;
  readonly seconds: number;
  readonly major: number;
  readonly minor: number;
}

const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
const SPACE = 0x20;

export function isZeroBlock(block: Buffer): boolean {
  for (let at = 0; at < BLOCK; at += 4) if (block.readInt32LE(at) !== 0) return false;
  return true;
}

/** Reads v7, ustar and GNU headers. @throws TarError when the checksum is wrong, or a number is none. */
export function readHeader(block: Buffer): Header {
  checkSum(block);
  const ustar = block.toString("latin1", 257, 262) === "ustar";
  // GNU's own format ("ustar  ") keeps times where POSIX keeps the prefix of the path.
  const prefix = ustar && block[262] === 0 ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  return {
    type: String.fromCharCode(block[156] ?? 0),
    path: prefix === "" ? name : `${prefix}/${name}`,
    target: text(block, 157, 100),
    mode: readNumber(block, 100, 8, "mode"),
    user: readNumber(block, 108, 8, "uid"),
    group: readNumber(block, 116, 8, "gid"),
    size: readNumber(block, 124, 12, "size"),
    seconds: readNumber(block, 136, 12, "mtime"),
    major: ustar ? readNumber(block, 329, 8, "device number") : 0,
    minor: ustar ? readNumber(block, 337, 8, "device number") : 0,
  };
}

/** The sum of all bytes, with blanks for the sum itself. Old archives summed them as signed. */
function checkSum(block: Buffer): void {
  let unsigned = CHECKSUM_LENGTH * SPACE;
  let highBytes = 0;
  for (let at = 0; at < BLOCK; at++) {
    if (at === CHECKSUM_AT) at += CHECKSUM_LENGTH;
    const byte = block[at] ?? 0;
    unsigned += byte;
    highBytes += byte >> 7;
  }
  const expected = readNumber(block, CHECKSUM_AT, CHECKSUM_LENGTH, "checksum");
  if (expected !== unsigned && expected !== unsigned - highBytes * 256) throw new TarError("a header's checksum is wrong");
}

function text(block: Buffer, offset: number, length: number): BytePath {
  const end = block.indexOf(0, offset);
  return block.toString("latin1", offset, end < 0 || end > offset + length ? offset + length : end);
}
