import { TarError } from "./entry.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;

/**
 * A number of a header: octal digits between blanks and NULs, or, with the top bit set, a big-endian two's complement (GNU: for
 * sizes over 8 GiB, ids over 2 million, times before 1970).
 *
 * @throws TarError for anything else, and for what a double cannot hold.
 */
export function readNumber(block: Buffer, offset: number, length: number, field: string): number {
  return ((block[offset] ?? 0) & 0x80) === 0 ? readOctal(block, offset, length, field) : readBase256(block, offset, length, field);
}

function readOctal(block: Buffer, offset: number, length: number, field: string): number {
  const end = offset + length;
  let at = offset;
  while (at < end && block[at] === SPACE) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] ?? 0;
    if (byte === 0 || byte === SPACE) break;
    if (byte < ZERO || byte > SEVEN) throw new TarError(`invalid ${field} in a header`);
    value = value * 8 + (byte - ZERO);
  }
  return value;
}

function readBase256(block: Buffer, offset: number, length: number, field: string): number {
  const negative = ((block[offset] ?? 0) & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  value = (value << 6n) | BigInt((block[offset] ?? 0) & 0x3f);
  for (let at = offset + 1; at < offset + length; at++) value = (value << 8n) | BigInt(block[at] ?? 0);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new TarError(`${field} in a header is out of range`);
  }
  return Number(value);
}

/** A decimal number of an extended header. @throws TarError. */
export function readDecimal(text: string, field: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new TarError(`invalid ${field} ${JSON.stringify(text.slice(0, 40))} in an extended header`);
  return value;
}
