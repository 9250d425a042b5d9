import type { Flag, Flags } from "../arguments/flag.ts";
import { wrap } from "./wrap.ts";

const WIDTH = 80;
const LEAST_HELP_WIDTH = 40;

/** A block of flags, sorted, their help beside them. */
export function optionLines(flags: Flags): string {
  const rows = Object.entries(flags)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({ usage: usageOf(name, flag), help: flag.help + defaultOf(flag) }));
  const column = Math.max(...rows.map(({ usage }) => usage.length)) + 3;
  const width = Math.max(WIDTH - column, LEAST_HELP_WIDTH);
  return rows.map(({ usage, help }) => `${usage.padEnd(column)}${wrap(help, width).join(`\n${" ".repeat(column)}`)}\n`).join("");
}

function usageOf(name: string, { short, value }: Flag<unknown>): string {
  return `${short === undefined ? "     " : `  -${short},`} --${name}${value === undefined ? "" : ` ${value}`}`;
}

function defaultOf({ initial }: Flag<unknown>): string {
  if (initial === true) return " (default true)";
  return typeof initial === "string" && initial !== "" ? ` (default ${JSON.stringify(initial)})` : "";
}
