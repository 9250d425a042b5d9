import type { CommandEntry } from "../command-table.ts";
import type { Command } from "../command.ts";
import { optionLines } from "./options.ts";
import { usageLine } from "./usage-line.ts";

/** What `dhow COMMAND --help` says. */
export function commandHelp(entry: CommandEntry, name: string, command: Command): string {
  const aliases = entry.names.length < 2 ? "" : `\nAliases:\n  ${entry.names.map((alias) => `dhow ${alias}`).join(", ")}\n`;
  return `${usageLine(name, command)}\n\n${entry.summary}\n${aliases}\nOptions:\n${optionLines(command.flags)}`;
}
