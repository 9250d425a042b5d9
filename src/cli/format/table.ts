import { printable } from "./printable.ts";

const GAP = 3;
/** Narrow columns are as wide as this, gap included. */
const LEAST_WIDTH = 10;

/** Columns under their titles, as Docker's command line sets them. Cells are shown with their control characters made visible. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, ...rows].map((row) => row.map(printable));
  const widths = titles.map((_, column) => Math.max(LEAST_WIDTH, ...lines.map((line) => (line[column] ?? "").length + GAP)));
  const last = titles.length - 1;
  const padded = (line: readonly string[]): string =>
    line.map((cell, column) => (column < last ? cell.padEnd(widths[column] ?? 0) : cell)).join("");
  return lines.map((line) => `${padded(line).trimEnd()}\n`).join("");
}
