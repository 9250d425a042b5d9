import { EngineError } from "#errors/engine-error.ts";
import { parseDuration } from "#lib/duration.ts";

const SECOND = 1_000_000_000n;
const UNIX = /^(-?)(\d{1,11})(?:\.(\d{1,18}))?$/;
// RFC 3339, also without a zone (UTC is meant) and cut off after the hour, the minute or the day, as Docker's clients take it.
const CALENDAR = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,18}))?)?)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Parses `since` and `until`: seconds since the epoch with a fraction (`1700000000.5`), a calendar time, or a Go duration before
 * `now` (`10m`).
 *
 * @param now nanoseconds since the epoch.
 * @returns nanoseconds since the epoch; undefined for an absent or empty parameter.
 * @throws EngineError `invalid`.
 */
export function parseTimestamp(text: string | null | undefined, now: bigint): bigint | undefined {
  if (text === null || text === undefined || text === "") return undefined;
  const nanoseconds = parseUnix(text) ?? parseCalendar(text) ?? parseAgo(text, now);
  if (nanoseconds === undefined) {
    throw new EngineError(
      "invalid",
      `invalid timestamp ${JSON.stringify(text.slice(0, 64))}: want seconds since the epoch, RFC 3339 or a duration`,
    );
  }
  return nanoseconds;
}

function parseUnix(text: string): bigint | undefined {
  const match = UNIX.exec(text);
  if (match === null) return undefined;
  const [, sign, seconds = "0", fraction] = match;
  const value = BigInt(seconds) * SECOND + nanosecondsOf(fraction);
  return sign === "-" ? -value : value;
}

function parseCalendar(text: string): bigint | undefined {
  const match = CALENDAR.exec(text);
  if (match === null) return undefined;
  const [, day, hour = "00", minute = "00", second = "00", fraction, zone = "Z"] = match;
  const milliseconds = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n + nanosecondsOf(fraction);
}

function parseAgo(text: string, now: bigint): bigint | undefined {
  const duration = parseDuration(text);
  return duration === undefined ? undefined : now - duration;
}

/** Digits after the point; what is finer than a nanosecond is cut off. */
function nanosecondsOf(fraction = ""): bigint {
  return BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}

/** `2026-01-02T03:04:05.000000006Z`, of a time since 1970: always nine digits, so that such texts sort as their times do. */
export function formatTimestamp(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  const fraction = (nanoseconds % SECOND).toString().padStart(9, "0");
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
}
