import { appendFileSync } from "node:fs";

/** `npm run test:soak` runs the full numbers; CI runs a slice of the same tests. */
export const soak = process.env["DHOW_SOAK"] !== undefined;

export function scaled<T>(slice: T, full: T): T {
  return soak ? full : slice;
}

/** A figure for the table at the end of a soak (scripts/soak.ts); each is printed as well. */
export function figure(what: string, value: number | string, unit = ""): void {
  const shown = `${typeof value === "number" ? Math.round(value * 100) / 100 : value}${unit === "" ? "" : ` ${unit}`}`;
  console.log(`${what}: ${shown}`);
  const file = process.env["DHOW_SOAK_FIGURES"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify([what, shown])}\n`);
}
