/** Farther than that and the two have nothing to do with each other. */
const FARTHEST = 2;

/** ` (did you mean COPY?)` where one of the known words is near, else nothing. */
export function didYouMean(
  word: string,
  known: Iterable<string>,
  options: { readonly ignoreCase?: boolean; readonly sign?: string } = {},
): string {
  const match = nearest(word, known, options.ignoreCase === true);
  return match === undefined ? "" : ` (did you mean ${options.sign ?? ""}${match}?)`;
}

function nearest(word: string, known: Iterable<string>, ignoreCase: boolean): string | undefined {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  let found: string | undefined;
  let least = FARTHEST + 1;
  for (const candidate of known) {
    if (fold(candidate) === fold(word)) return undefined;
    const far = distance(fold(word), fold(candidate), least);
    if (far < least) [found, least] = [candidate, far];
  }
  return found === undefined || !ignoreCase ? found : sameCase(found, word);
}

function sameCase(match: string, word: string): string {
  if (word === word.toLowerCase()) return match.toLowerCase();
  return word === word.toUpperCase() ? match.toUpperCase() : match;
}

/** How many characters have to be changed, added or removed (Levenshtein); `limit` or more is all the same. */
function distance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let column = 1; column <= to.length; column++) {
      const change = (row[column - 1] ?? 0) + (from[at - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(change, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? limit;
}
