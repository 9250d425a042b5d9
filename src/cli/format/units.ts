/** Sizes, times and names as Docker's command line shows them. */

const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.24MB`: base 1000, three or four digits, as images and layers are shown. */
export function decimalSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, DECIMAL, digits);
}

/** `1.944GiB`: base 1024, as memory is shown. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, BINARY, 4);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

const STEPS: readonly (readonly [number, (seconds: number) => string])[] = [
  [1, () => "Less than a second"],
  [2, () => "1 second"],
  [60, (seconds) => `${Math.floor(seconds)} seconds`],
  [120, () => "About a minute"],
  [3600, (seconds) => `${Math.floor(seconds / 60)} minutes`],
  [5400, () => "About an hour"],
  [48 * 3600, (seconds) => `${Math.round(seconds / 3600)} hours`],
  [14 * 86_400, (seconds) => `${Math.floor(seconds / 86_400)} days`],
  [60 * 86_400, (seconds) => `${Math.floor(seconds / 604_800)} weeks`],
  [730 * 86_400, (seconds) => `${Math.floor(seconds / 2_592_000)} months`],
];

/** `About an hour`, `3 weeks`. */
export function humanDuration(seconds: number): string {
  const step = STEPS.find(([below]) => seconds < below);
  return step === undefined ? `${Math.floor(seconds / 31_536_000)} years` : step[1](seconds);
}

/** The first twelve digits of an id or a digest. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

/** At most `length` characters, the last an ellipsis when there was more. */
export function ellipsis(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

/** `2026-01-02 03:04:05 +0000 UTC`, of seconds since the epoch. */
export function timestamp(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}

/** `3 weeks ago`, of seconds since the epoch. */
export function ago(seconds: number, now: number): string {
  return `${humanDuration(Math.max(now - seconds, 0))} ago`;
}
