import { RegistryError } from "./registry-error.ts";

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const NUMBER = "(\\d{1,15})";
const ASKED = new RegExp(`^bytes=(?:${NUMBER}-${NUMBER}?|-${NUMBER})$`);
/** The specification's form, and the one of RFC 9110 that some clients send. */
const SENT = new RegExp(`^(?:bytes )?${NUMBER}-${NUMBER}(?:/(?:\\d+|\\*))?$`);

/**
 * The part of a blob that is asked for. Undefined is the whole of it: also for several ranges at once and for other units, which a server
 * may leave aside (RFC 9110, 14.2).
 *
 * @throws RegistryError `RANGE_INVALID` when nothing of it is there.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = ASKED.exec(header ?? "");
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  const range =
    suffix === undefined
      ? { start: Number(first), end: Math.min(last === undefined ? Infinity : Number(last), size - 1) }
      : { start: Math.max(0, size - Number(suffix)), end: size - 1 };
  // `bytes=5-3` is no range at all, and so is left aside; `bytes=900-` of a smaller blob cannot be had.
  if (last !== undefined && Number(last) < Number(first)) return undefined;
  if (range.start > range.end || range.start >= size) {
    throw new RegistryError("RANGE_INVALID", "nothing of the blob is in that range", { headers: { "Content-Range": `bytes */${size}` } });
  }
  return range;
}

/**
 * Where a chunk of an upload belongs, as its Content-Range says. Undefined where there is none: then it is whatever comes.
 *
 * @throws RegistryError `BLOB_UPLOAD_INVALID` for what is no range, or a length that is another than the body's.
 */
export function parseContentRange(header: string | undefined, contentLength: number | undefined): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = SENT.exec(header);
  const range = { start: Number(match?.[1]), end: Number(match?.[2]) };
  if (match === null || range.end < range.start) throw new RegistryError("BLOB_UPLOAD_INVALID", "the Content-Range is none");
  if (contentLength !== undefined && range.end - range.start + 1 !== contentLength) {
    throw new RegistryError("SIZE_INVALID", "the Content-Range and the Content-Length do not agree");
  }
  return range;
}
