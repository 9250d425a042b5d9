/** Columns under their titles, three spaces apart, as Docker's command line sets them. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => (column < row.length - 1 ? cell.padEnd((widths[column] ?? 0) + 3) : cell))
          .join("")
          .trimEnd()}\n`,
    )
    .join("");
}
