import type { Flags, ValuesOf } from "./arguments/flag.ts";
import type { Cli } from "./cli.ts";

/** What a command takes beside its flags. */
export interface CommandArguments {
  /** As the usage line shows them: `CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  readonly least: number;
  readonly most: number;
}

/** One command: what it takes, and what it does. */
export interface Command<F extends Flags = Flags> {
  readonly flags: F;
  readonly arguments: CommandArguments;
  /** False where the first word ends the flags, because the words after it are a program's. */
  readonly interspersed: boolean;
  /** Does it. Resolves to the exit code; what goes wrong is thrown, and `failure.ts` tells it. */
  run(cli: Cli, values: ValuesOf<F>, words: readonly string[]): Promise<number>;
}

/** Lets a command's `run` know the types of its own flags. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command;
}

export const NO_ARGUMENTS: CommandArguments = { usage: "", least: 0, most: 0 };
