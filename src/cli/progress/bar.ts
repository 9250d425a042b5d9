import { decimalSize } from "../format/units.ts";

const WIDTH = 50;
/** Narrower terminals get numbers alone. */
const LEAST_COLUMNS = 110;
const DIGITS = 4;

export interface Measure {
  readonly current?: number;
  readonly total?: number;
}

/** `[=====>      ]  1.2MB/3.4MB`, or what fits the terminal; "" where there is nothing to measure. */
export function progressBar({ current = 0, total = 0 }: Measure, columns: number): string {
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return ` ${decimalSize(current, DIGITS)}`;
  const done = Math.min(current, total);
  const numbers = `${decimalSize(done, DIGITS)}/${decimalSize(total, DIGITS)}`;
  if (columns < LEAST_COLUMNS) return ` ${numbers}`;
  const filled = Math.floor((done / total) * WIDTH);
  const bar = filled < WIDTH ? `${"=".repeat(filled)}>`.padEnd(WIDTH) : "=".repeat(WIDTH);
  return ` [${bar}]  ${numbers}`;
}
