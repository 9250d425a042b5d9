import { ApiError } from "#client/api-error.ts";
import { messageOf } from "#errors/engine-error.ts";
import { UsageError } from "./arguments/usage-error.ts";
import { printableLines } from "./format/printable.ts";

/** Something went wrong, and the exit code is not the usual 1. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  constructor(exitCode: number, cause: unknown) {
    super(explain(cause), { cause });
    this.exitCode = exitCode;
  }
}

/** What a person is told, without the program's name. A daemon's words are marked as its own, as docker's command line does: scripts look for them. */
export function explain(error: unknown): string {
  const prefix = error instanceof ApiError ? "Error response from daemon: " : "";
  return `${prefix}${printableLines(messageOf(error))}`;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CommandFailure || error instanceof UsageError ? error.exitCode : 1;
}

/** What is written of an error; `debug` adds where it came from. */
export function report(error: unknown, debug: boolean): string {
  // Docker writes what is wrong with a flag without its own name before it.
  const prefix = error instanceof UsageError && error.exitCode === 125 ? "" : "dhow: ";
  return `${prefix}${explain(error)}\n${debug ? `${trace(error)}\n` : ""}`;
}

function trace(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? error.message}${error.cause === undefined ? "" : `\ncaused by ${trace(error.cause)}`}`;
}
