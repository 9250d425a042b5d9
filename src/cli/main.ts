import { formatApiVersion, newestApiVersion } from "#spec/api-version.ts";
import { dhowVersion } from "#spec/identity.ts";
import type { ValuesOf } from "./arguments/flag.ts";
import { checkCount } from "./arguments/count.ts";
import { parseArguments, type Parsed } from "./arguments/parse.ts";
import { UsageError } from "./arguments/usage-error.ts";
import type { Cli } from "./cli.ts";
import { findCommand, type CommandEntry } from "./command-table.ts";
import { globalFlags } from "./global-flags.ts";
import { usageLine } from "./help/usage-line.ts";
import { write } from "./streams.ts";

/** What the process gives: its streams, its environment and where it is. */
export type Host = Pick<Cli, "streams" | "environment" | "currentFolder" | "hostCommands">;

type Globals = Parsed<typeof globalFlags>;

/**
 * The whole command line: reads it, does it, and tells what went wrong. Only what the command needs is loaded: loading is most of the
 * time that a short command takes.
 *
 * @param argv what stands after the program's name.
 * @returns the exit code.
 */
export async function runCli(argv: readonly string[], host: Host): Promise<number> {
  let globals: Globals | undefined;
  try {
    globals = await withUsage("dhow", "Usage:  dhow [OPTIONS] COMMAND", () => parseArguments(globalFlags, argv, false));
    return await runWords(globals, host);
  } catch (error) {
    const { exitCodeOf, report } = await import("./failure.ts");
    await write(host.streams.errors, report(error, globals?.values.debug === true));
    return exitCodeOf(error);
  }
}

async function runWords({ values, words, help }: Globals, host: Host): Promise<number> {
  if (values.version) return print(host, `Dhow version ${dhowVersion}, Docker API ${formatApiVersion(newestApiVersion)}\n`);
  if (help || words.length === 0) return print(host, (await import("./help/root-help.ts")).rootHelp());
  const found = findCommand(words);
  switch (found.kind) {
    case "command":
      return runCommand(found.entry, { name: found.name, argv: found.rest, globals: values }, host);
    case "noun":
      await withUsage(`dhow ${found.noun}`, `Usage:  dhow ${found.noun} COMMAND`, () => parseArguments({}, found.rest, false));
      return print(host, (await import("./help/root-help.ts")).nounHelp(found.noun));
    case "unknown":
      throw new UsageError(`unknown command: dhow ${found.name}\n\nRun 'dhow --help' for more information`, 1);
  }
}

interface Call {
  /** As it was typed: `ps`, `container ls`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly globals: ValuesOf<typeof globalFlags>;
}

async function runCommand(entry: CommandEntry, { name, argv, globals }: Call, host: Host): Promise<number> {
  const command = await entry.load();
  return withUsage(`dhow ${name}`, usageLine(name, command), async () => {
    const { values, words, help } = parseArguments(command.flags, argv, command.interspersed);
    if (help) return print(host, (await import("./help/command-help.ts")).commandHelp(entry, name, command));
    checkCount(`dhow ${name}`, command.arguments, words);
    const { openCli } = await import("./connection/open-cli.ts");
    const cli = openCli(host, globals);
    using _connections = cli.client;
    return await command.run(cli, values, words);
  });
}

/** Does it; a usage error gets the usage beside it. */
async function withUsage<T>(program: string, usage: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof UsageError ? error.withUsage(program, usage) : error;
  }
}

async function print({ streams }: Host, text: string): Promise<number> {
  await write(streams.output, text);
  return 0;
}
