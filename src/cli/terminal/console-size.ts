import type { Streams } from "../streams.ts";
import { sizeOf } from "./size.ts";

/** Rows and columns as the API takes them with a new terminal, so that a program's first look at it is right; nothing where there is none. */
export function consoleSize({ output }: Streams, tty: boolean): { readonly ConsoleSize?: [number, number] } {
  const size = tty ? sizeOf(output) : undefined;
  return size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] };
}
