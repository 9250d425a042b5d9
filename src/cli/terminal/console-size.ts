import type { Streams } from "../streams.ts";

/** Rows and columns as the API takes them with a new terminal, so that a program's first look at it is right; nothing where there is none. */
export function consoleSize({ output: { rows, columns } }: Streams, tty: boolean): { readonly ConsoleSize?: [number, number] } {
  return tty && rows !== undefined && columns !== undefined ? { ConsoleSize: [rows, columns] } : {};
}
