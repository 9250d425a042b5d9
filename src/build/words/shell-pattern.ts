/**
 * The patterns of `${x#p}`, `${x%p}` and `${x/p/b}`: `*` is any text, `?` any character, a backslash takes `*`, `?` or itself as it
 * is. All ways through a pattern are followed side by side, so that no pattern makes it slow.
 */
type Token = { readonly kind: "any" } | { readonly kind: "one" } | { readonly kind: "literal"; readonly character: string };

const LONGEST_PATTERN = 4096;

/** What all the words of a file together may cost: a file of small words that are costly is as bad as one costly word. */
export interface Budget {
  /** Of patterns: each start of a replacement may look at the whole rest of a value. */
  steps: number;
  /** Of what words expand to. */
  characters: number;
}

export function newBudget(): Budget {
  return { steps: 5_000_000, characters: 16 * 1024 * 1024 };
}

/** @throws RangeError for a pattern that is none. */
export function removePrefix(value: string, pattern: string, isGreedy: boolean, budget: Budget): string {
  const characters = Array.from(value);
  const end = matchAt(parse(pattern), characters, 0, isGreedy, budget);
  return end === undefined ? value : characters.slice(end).join("");
}

/** @throws RangeError for a pattern that is none. */
export function removeSuffix(value: string, pattern: string, isGreedy: boolean, budget: Budget): string {
  const characters = Array.from(value).toReversed();
  const end = matchAt(parse(pattern).toReversed(), characters, 0, isGreedy, budget);
  return end === undefined ? value : characters.slice(end).toReversed().join("");
}

/** @throws RangeError for a pattern that is none, or a result over the limit. */
export function replace(value: string, pattern: string, by: string, isAll: boolean, limit: number, budget: Budget): string {
  const tokens = parse(pattern);
  const characters = Array.from(value);
  let text = "";
  let last = -1;
  for (let at = 0; at <= characters.length;) {
    const found = matchAt(tokens, characters, at, true, budget);
    // Nothing, right behind a match, is no match of its own: `*` is there once in every text, as in Go.
    const end = found === at && at === last ? undefined : found;
    if (end !== undefined) text += by;
    if (text.length > limit) throw new RangeError(`the result is longer than ${limit} characters`);
    if (end !== undefined && !isAll) return text + characters.slice(end).join("");
    last = end ?? last;
    if (end !== undefined && end > at) at = end;
    else text += characters[at++] ?? "";
  }
  return text;
}

function parse(pattern: string): Token[] {
  if (pattern.length > LONGEST_PATTERN) throw new RangeError(`it is longer than ${LONGEST_PATTERN} characters`);
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") tokens.push({ kind: "any" });
    else if (character === "?") tokens.push({ kind: "one" });
    else if (character !== "\\") tokens.push({ kind: "literal", character });
    else tokens.push({ kind: "literal", character: escaped(characters[++at]) });
  }
  return tokens;
}

/** A brace and a slash have to be escaped within a substitution, and are no part of the pattern's own syntax. */
function escaped(character: string | undefined): string {
  if (character !== undefined && "*?\\}/".includes(character)) return character;
  throw new RangeError(`invalid escape '\\${character ?? ""}'`);
}

/** Where the match that begins at `start` ends: the longest or the shortest; undefined where there is none. */
function matchAt(
  tokens: readonly Token[],
  characters: readonly string[],
  start: number,
  isGreedy: boolean,
  budget: Budget,
): number | undefined {
  let places = overStars(tokens, new Set([0]));
  let found: number | undefined;
  for (let at = start; ; at++) {
    if (places.has(tokens.length)) found = at;
    const character = characters[at];
    if ((found !== undefined && !isGreedy) || character === undefined || places.size === 0) return found;
    budget.steps -= places.size;
    if (budget.steps < 0) throw new RangeError("it takes too many steps");
    places = overStars(tokens, step(tokens, places, character));
  }
}

/** As in Go's regular expressions, which BuildKit uses for these, no wildcard stands for a line end. */
function step(tokens: readonly Token[], places: ReadonlySet<number>, character: string): Set<number> {
  const next = new Set<number>();
  for (const place of places) {
    const token = tokens[place];
    if (token?.kind === "any" && character !== "\n") next.add(place);
    if (token?.kind === "one" && character !== "\n") next.add(place + 1);
    if (token?.kind === "literal" && token.character === character) next.add(place + 1);
  }
  return next;
}

/** A star may stand for nothing: the place behind it is reached too. (A set grows while it is walked, and the walk sees it.) */
function overStars(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) {
    if (tokens[place]?.kind === "any") places.add(place + 1);
  }
  return places;
}
