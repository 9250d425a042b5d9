import { EngineError } from "#errors/engine-error.ts";
import type { TerminalSize } from "#runtime/contract.ts";

/** `[height, width]`. @throws EngineError `invalid`. */
export function consoleSizeOf(size: readonly number[] | undefined): TerminalSize | undefined {
  if (size === undefined) return undefined;
  const [rows = -1, columns = -1] = size;
  if (size.length !== 2 || !isSide(rows) || !isSide(columns)) throw new EngineError("invalid", "invalid ConsoleSize: want [height, width]");
  return rows === 0 && columns === 0 ? undefined : { rows, columns };
}

function isSide(value: number): boolean {
  return value >= 0 && value <= 65_535;
}
