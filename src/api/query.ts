import { EngineError } from "#errors/engine-error.ts";
import type { TerminalSize } from "#runtime/contract.ts";

/** Go's idea of a boolean in Docker's queries: everything but these is true, also `maybe`. */
const FALSE = new Set(["", "0", "no", "false", "none"]);

export function booleanOf(query: URLSearchParams, name: string, absent = false): boolean {
  const value = query.get(name);
  return value === null ? absent : !FALSE.has(value.trim().toLowerCase());
}

/** Undefined when it is absent or empty. @throws EngineError `invalid` with the text of Go's parser. */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name) ?? "";
  if (value === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(value)) throw new EngineError("invalid", `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

/** What the kernel keeps a terminal's sides in. */
const LARGEST_SIDE = 65_535;

/** `h` and `w` of a resize. @throws EngineError `invalid`. */
export function terminalSizeOf(query: URLSearchParams): TerminalSize {
  return { rows: sideOf(query, "height", "h"), columns: sideOf(query, "width", "w") };
}

function sideOf(query: URLSearchParams, what: string, name: string): number {
  const text = query.get(name) ?? "";
  const problem = (reason: string): EngineError => new EngineError("invalid", `invalid resize ${what} ${JSON.stringify(text)}: ${reason}`);
  if (!/^\d{1,10}$/.test(text)) throw problem("invalid syntax");
  if (Number(text) > LARGEST_SIDE) throw problem("value out of range");
  return Number(text);
}
