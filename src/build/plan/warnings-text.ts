import type { BuildWarning } from "./plan.ts";

/** What a build says of its Dockerfile when it is done, as buildx does; undefined where there is nothing to say. */
export function warningsText(warnings: readonly BuildWarning[]): string | undefined {
  if (warnings.length === 0) return undefined;
  const lines = warnings.map(({ rule, detail, range }) => ` - ${rule}: ${detail}${range === undefined ? "" : ` (line ${range.first})`}\n`);
  return `\n ${warnings.length} warning${warnings.length === 1 ? "" : "s"} found:\n${lines.join("")}`;
}
