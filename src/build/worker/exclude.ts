import { ignoreMatcher } from "#spec/build/ignore-file.ts";
import { shownPath, type BytePath } from "#lib/byte-path.ts";

/** What `--exclude` leaves out, by the path below a source. */
export function compileExclude(patterns: readonly string[]): (path: BytePath) => boolean {
  if (patterns.length === 0) return () => false;
  const matches = ignoreMatcher(patterns);
  return (path) => matches(shownPath(path));
}
