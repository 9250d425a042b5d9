import { constants } from "node:os";
import { EngineError } from "#errors/engine-error.ts";

/** Linux on every architecture that Dhow supports: 1 to 64, of which 34 to 64 are the real-time signals (glibc keeps 32 and 33). */
const LARGEST = 64;
const RT_LEAST = 34;

const byName: ReadonlyMap<string, number> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [name.slice("SIG".length), number]),
);

export const SIGTERM = 15;
export const SIGKILL = 9;

/**
 * Parses `TERM`, `SIGTERM`, `sigterm`, `15`, `RTMIN+3` or `RTMAX-1`.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function parseSignal(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return checkRange(Number(text), text);
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = byName.get(name) ?? realTime(name);
  if (number === undefined) throw invalidSignal(text);
  return number;
}

function checkRange(number: number, text: string): number {
  if (number <= 0) throw invalidSignal(text);
  if (number > LARGEST) throw new EngineError("invalid", `the linux daemon does not support signal ${number}`);
  return number;
}

function realTime(name: string): number | undefined {
  const match = /^RTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (match === null) return undefined;
  const [, end, sign, offset] = match;
  const base = end === "IN" ? RT_LEAST : LARGEST;
  const number = base + (sign === undefined ? 0 : Number(`${sign}${offset}`));
  return number >= RT_LEAST && number <= LARGEST ? number : undefined;
}

function invalidSignal(text: string): EngineError {
  return new EngineError("invalid", `invalid signal: ${text}`);
}
