import { EngineError } from "#errors/engine-error.ts";

/** Options as a client or a configuration file gives them. */
export type LogOptions = Readonly<Record<string, string>>;

const SIZE = /^(-?\d+(?:\.\d+)?) ?([a-z]*)$/i;
const POWERS = ["", "k", "m", "g", "t", "p"];

/**
 * A size the way log options have it: `10m` is ten million.
 *
 * @throws EngineError `invalid` with the text of Docker's parser (docker/go-units `FromHumanSize`).
 */
export function parseSize(text: string, base = 1000): number {
  const [, number, suffix = ""] = SIZE.exec(text) ?? [];
  if (number === undefined || Number(number) < 0) throw invalid(`invalid size: '${text}'`);
  const unit = /^([kmgtp]?)(?:i?b)?$/.exec(suffix.toLowerCase())?.[1];
  if (unit === undefined || suffix.toLowerCase() === "ib") throw invalid(`invalid suffix: '${suffix}'`);
  const bytes = Math.floor(Number(number) * base ** POWERS.indexOf(unit));
  if (!Number.isSafeInteger(bytes)) throw invalid(`invalid size: '${text}'`);
  return bytes;
}

/** @throws EngineError `invalid` with the text of Go's parser. */
export function parseCount(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** @throws EngineError `invalid` with the text of Go's parser. */
export function parseBoolean(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

export function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
