import type { FileTime } from "../file-time.ts";
import { TarError } from "./entry.ts";

const SPACE = 0x20;
const NEWLINE = 0x0a;

/**
 * The records of an extended header (POSIX pax): `<length> <key>=<value>\n`, the length counting itself. Values are bytes.
 *
 * @throws TarError when a length does not fit or a key is empty.
 */
export function readPaxRecords(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const blank = body.indexOf(SPACE, at);
    const length = blank < 0 ? Number.NaN : recordLength(body.toString("latin1", at, blank));
    const end = at + length;
    if (!(end > blank + 1 && end <= body.length && body[end - 1] === NEWLINE)) throw new TarError("invalid record in an extended header");
    addRecord(records, body.toString("latin1", blank + 1, end - 1));
    at = end;
  }
  return records;
}

function recordLength(digits: string): number {
  return /^\d{1,9}$/.test(digits) ? Number(digits) : Number.NaN;
}

function addRecord(records: Map<string, string>, record: string): void {
  const equals = record.indexOf("=");
  if (equals <= 0) throw new TarError("invalid record in an extended header");
  records.set(record.slice(0, equals), record.slice(equals + 1));
}

/** `1700000000.123456789`, also negative, with any number of decimals; digits after the ninth are dropped. @throws TarError. */
export function readPaxTime(text: string): FileTime {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) throw new TarError(`invalid time ${JSON.stringify(text.slice(0, 40))} in an extended header`);
  const [, sign, whole = "", decimals = ""] = match;
  const seconds = Number(whole);
  const nanoseconds = Number(decimals.slice(0, 9).padEnd(9, "0"));
  if (sign !== "-") return { seconds, nanoseconds };
  // A timespec counts its nanoseconds upwards, also before 1970.
  return nanoseconds === 0 ? { seconds: -seconds, nanoseconds } : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}
