import { write, type Streams } from "../streams.ts";
import { formatList, type ListFormat } from "./list.ts";

export interface PrintListOptions {
  readonly format: string | undefined;
  /** Only the column `ID`, without a title. */
  readonly quiet: boolean;
}

/** Prints a list as its flags ask for. @returns the exit code. */
export async function printList<T>(
  streams: Streams,
  { format, quiet }: PrintListOptions,
  list: ListFormat<T>,
  rows: readonly T[],
): Promise<number> {
  const custom = format !== undefined && format !== "" && format !== "table";
  if (quiet && custom) await write(streams.errors, "WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
  await write(streams.output, formatList(quiet ? "{{.ID}}" : format, list, rows));
  return 0;
}
