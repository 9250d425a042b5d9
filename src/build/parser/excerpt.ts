import { withoutCredentials } from "../remote/redact.ts";
import type { SourceRange } from "./node.ts";

/** Lines shown around a place that is one line only; around a longer one, two. */
const AROUND = 4;
const MOST_LINES = 40;
const LONGEST_LINE = 300;

/**
 * The lines of a Dockerfile that a message is about, with some around them, as BuildKit shows them:
 *
 *     Dockerfile:3
 *     --------------------
 *        2 |     WORKDIR /app
 *        3 | >>> COPPY . .
 *     --------------------
 */
export function excerpt(fileName: string, source: string, ranges: readonly SourceRange[]): string {
  const lines = source.split("\n").map((line) => line.replace(/\r$/, ""));
  const first = Math.min(...ranges.map((range) => range.first), lines.length);
  const last = Math.min(Math.max(...ranges.map((range) => range.last), first), lines.length, first + MOST_LINES);
  if (ranges.length === 0 || first < 1) return "";
  const [from, to] = widened(first, last, lines.length);
  const isMarked = (line: number): boolean => ranges.some((range) => range.first <= line && line <= range.last);
  const shown = lines.slice(from - 1, to).map((line, index) => {
    const number = from + index;
    return ` ${String(number).padStart(3)} | ${isMarked(number) ? ">>>" : "   "} ${withoutCredentials(line).slice(0, LONGEST_LINE)}`;
  });
  const rule = "-".repeat(20);
  return [`${fileName}:${first}`, rule, ...shown, rule].join("\n");
}

function widened(first: number, last: number, count: number): [number, number] {
  const wanted = first === last ? AROUND : AROUND / 2;
  let [from, to] = [first, last];
  for (let added = 0; added < wanted; added++) {
    if (from > 1) [from, added] = [from - 1, added + 1];
    if (to < count) [to, added] = [to + 1, added + 1];
  }
  return [from, to];
}
