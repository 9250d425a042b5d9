import { createHash } from "node:crypto";

/** Sizes of pieces: two archives share what lies between their differences, whatever has moved. */
const LEAST = 256 * 1024;
const MOST = 4 * 1024 * 1024;
/** A cut every MiB on average, where the low bits of the rolling sum are zero. */
const MASK = 0xfffff;

/** A number for each byte; the same on every host and for ever, since cuts depend on them. */
const makeGear = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => createHash("sha256").update(`dhow gear ${byte}`).digest().readUInt32LE());
/** Made for the first stream: a daemon starts without. */
let gear: Uint32Array | undefined;

/**
 * Cuts a stream where its content says so (a rolling sum over the last 32 bytes: "gear" hashing): a byte that is put in moves one cut, and not all that
 * come after.
 */
export async function* chunksOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  let pending: Buffer[] = [];
  let length = 0;
  let sum = 0;
  for await (const given of stream) {
    let piece = Buffer.from(given);
    while (piece.length > 0) {
      const cut = cutIn(piece, length, sum);
      pending.push(piece.subarray(0, cut.at));
      length += cut.at;
      sum = cut.sum;
      piece = piece.subarray(cut.at);
      if (!cut.found) continue;
      yield Buffer.concat(pending, length);
      [pending, length, sum] = [[], 0, 0];
    }
  }
  if (length > 0) yield Buffer.concat(pending, length);
}

/** @param before bytes of the chunk that came before this piece. */
function cutIn(piece: Buffer, before: number, start: number): { readonly at: number; readonly sum: number; readonly found: boolean } {
  const table = (gear ??= makeGear());
  let sum = start;
  const end = Math.min(piece.length, MOST - before);
  for (let index = 0; index < end; index++) {
    sum = ((sum << 1) + (table[piece[index] as number] as number)) | 0;
    if ((sum & MASK) === 0 && before + index + 1 >= LEAST) return { at: index + 1, sum, found: true };
  }
  return { at: end, sum, found: before + end === MOST };
}
