import type { KeyValue } from "../instructions/instruction.ts";

/** What BuildKit writes as the comment of each line of history; scanners know a build's lines by it. */
export const HISTORY_COMMENT = "buildkit.dockerfile.v0";

/** Go's `%q` of a list of texts: `["a" "b"]`. */
export function quotedList(words: readonly string[]): string {
  return `[${words.map(quoted).join(" ")}]`;
}

/** Go's `%v` of a list of texts: `[a b]`. */
export function plainList(words: readonly string[]): string {
  return `[${words.join(" ")}]`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quoted(text: string): string {
  const body = Array.from(
    text,
    (character) => ESCAPES[character] ?? (character < " " || character === "\x7f" ? hex(character) : character),
  );
  return `"${body.join("")}"`;
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

export function pairsText(pairs: readonly Pick<KeyValue, "key" | "value">[]): string {
  return pairs.map(({ key, value }) => ` ${key}=${value}`).join("");
}

const UNITS: readonly (readonly [string, number])[] = [
  ["ms", 1e6],
  ["µs", 1e3],
];

/** Go's text of a duration in nanoseconds: `1m30s`, `1.5s`, `0s`. */
export function durationText(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  const [unit, size] = UNITS.find(([, least]) => nanoseconds >= least) ?? ["ns", 1];
  if (nanoseconds < 1e9) return `${decimal(nanoseconds / size)}${unit}`;
  const seconds = nanoseconds / 1e9;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${decimal((nanoseconds % 60e9) / 1e9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

function decimal(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}
