import { EngineError } from "#errors/engine-error.ts";
import type { Cli } from "./cli.ts";
import type { HostCommands } from "./host-commands.ts";

/** @throws EngineError `not-implemented` where the program was given none: a client on macOS or Windows. */
export function hostCommands({ hostCommands: commands }: Pick<Cli, "hostCommands">): HostCommands {
  if (commands === undefined) throw new EngineError("not-implemented", "this command works on Linux only");
  return commands;
}
