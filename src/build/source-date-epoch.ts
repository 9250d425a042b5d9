import { EngineError } from "#errors/engine-error.ts";

const NAME = "SOURCE_DATE_EPOCH";
const LATEST = 253_402_300_799;

/** The time that a reproducible build gives to all it makes, in seconds; undefined where none is asked for. @throws EngineError `invalid`. */
export function sourceDateEpoch(buildArgs: Readonly<Record<string, string | null>>): number | undefined {
  const text = Object.hasOwn(buildArgs, NAME) ? buildArgs[NAME] : undefined;
  if (text === undefined || text === null || text === "") return undefined;
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= LATEST)) throw new EngineError("invalid", `invalid SOURCE_DATE_EPOCH: ${text.slice(0, 100)}`);
  return seconds;
}
