import { linesOf } from "./flag-values.ts";
import type { FlagContext } from "./request.ts";

/** `NAME=value`, or `NAME` for the user's own; one that the user has not is left out. */
export function variable(text: string, { environment }: FlagContext): string | undefined {
  if (text.includes("=")) return text;
  const value = environment[text];
  return value === undefined ? undefined : `${text}=${value}`;
}

/** The variables of files, and then those that were named one by one: the later ones count. */
export function variables(named: { readonly files: readonly string[]; readonly texts: readonly string[] }, context: FlagContext): string[] {
  const lines = named.files.flatMap((path) => linesOf(context.readText(path)));
  return [...lines, ...named.texts].map((text) => variable(text, context)).filter((entry) => entry !== undefined);
}
