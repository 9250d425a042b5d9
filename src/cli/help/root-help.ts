import { DEFAULT_HOST } from "../connection/endpoint.ts";
import { commandTable, nouns } from "../command-table.ts";
import { globalFlags } from "../global-flags.ts";
import { optionLines } from "./options.ts";

/** What `dhow --help` says. */
export function rootHelp(): string {
  const commands = commandTable.map(({ names, summary }): [string, string] => [names[0], summary]);
  return `Usage:  dhow [OPTIONS] COMMAND

A container engine: this is its client

Commands:
${columns(commands)}
Management Commands:
${columns(Object.entries(nouns))}
Global Options:
${optionLines(globalFlags)}
Run 'dhow COMMAND --help' for more information on a command.

For every other command docker's own command line serves, which the engine understands:
  docker -H ${DEFAULT_HOST} COMMAND
`;
}

/** What `dhow NOUN` says. */
export function nounHelp(noun: string): string {
  const commands = commandTable.flatMap(({ names, summary }) =>
    names
      .filter((name) => name.startsWith(`${noun} `))
      .slice(0, 1)
      .map((name): [string, string] => [name.slice(noun.length + 1), summary]),
  );
  return `Usage:  dhow ${noun} COMMAND

${nouns[noun] ?? ""}

Commands:
${columns(commands)}
Run 'dhow ${noun} COMMAND --help' for more information on a command.
`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(11, ...rows.map(([name]) => name.length));
  return rows.map(([name, summary]) => `  ${name.padEnd(width)} ${summary}\n`).join("");
}
