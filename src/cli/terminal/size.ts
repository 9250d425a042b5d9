import type { Streams } from "../streams.ts";

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** The terminal's size; undefined where there is none, and for one that says that it has none (a pseudo-terminal that nobody has sized). */
export function sizeOf({ rows = 0, columns = 0 }: Streams["output"]): Size | undefined {
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}
