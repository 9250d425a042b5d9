import { codecs } from "./values/codecs.ts";
import { optionNames, rowOf, type OptionName } from "./options.ts";

/** What `dhowd --help` prints. */
export function helpText(): string {
  const names = optionNames.filter((name) => rowOf(name).hidden === undefined && rowOf(name).fileOnly === undefined).toSorted();
  const lines = names.map((name): [string, string] => [flagColumn(name), helpColumn(name)]);
  const width = Math.max(...lines.map(([flag]) => flag.length)) + 3;
  const body = lines.map(([flag, help]) => `${flag.padEnd(width)}${help}`).join("\n");
  return `
Usage:  dhowd [OPTIONS]

Runs containers: Docker's Engine API over crun or runc.

Options (those marked * are known and not implemented yet: giving one is an error):
${body}

Every option can also stand in /etc/dhow/daemon.json, under its name or its plural.
`;
}

function flagColumn(name: OptionName): string {
  const { short, type } = rowOf(name);
  return `  ${short === undefined ? "   " : `-${short},`} --${name} ${codecs[type].word}`.trimEnd();
}

function helpColumn(name: OptionName): string {
  const { help, default: usual, ready } = rowOf(name);
  const notes = [usual === undefined ? "" : ` (default ${usual})`, Array.isArray(ready) ? ` (so far only ${ready.join(" or ")})` : ""];
  return `${ready === undefined ? "* " : "  "}${help}${notes.join("")}`;
}
