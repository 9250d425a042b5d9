import { EngineError } from "#errors/engine-error.ts";

const LONGEST = 512;

type Token = { readonly kind: "star" } | { readonly kind: "one"; readonly accepts: (character: string) => boolean };

const PIECE = /\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|([*?])|([^[\]\\*?])|(.)/gsu;
const RANGE = /(\\.|[^\\-])(?:-(\\.|[^\\-]))?|(.)/gsu;

/**
 * The pattern of Go's `path.Match`: `*` and `?` stop at a slash, `[a-z]` and `[^a-z]` are sets, a backslash takes the next character
 * as it is, and the whole text has to match. All ways through the pattern are followed side by side: no pattern makes it slow, which
 * a regular expression with many stars would be.
 *
 * @throws EngineError `invalid`.
 */
export function compileGlob(glob: string): (text: string) => boolean {
  if (glob.length > LONGEST) throw invalid(glob);
  const tokens = [...glob.replace(/\*+/g, "*").matchAll(PIECE)].map((match) => tokenOf(match, glob));
  return (text) => matches(tokens, text);
}

function tokenOf([, escaped, negation, set, wild, plain]: RegExpMatchArray, glob: string): Token {
  if (wild === "*") return { kind: "star" };
  if (wild === "?") return { kind: "one", accepts: (character) => character !== "/" };
  if (set !== undefined) {
    const ranges = rangesOf(set, glob);
    const isIn = (character: string): boolean => ranges.some(([low, high]) => low <= character && character <= high);
    return { kind: "one", accepts: (character) => isIn(character) !== (negation === "^") };
  }
  const literal = escaped ?? plain;
  if (literal === undefined) throw invalid(glob);
  return { kind: "one", accepts: (character) => character === literal };
}

function rangesOf(set: string, glob: string): (readonly [string, string])[] {
  return [...set.matchAll(RANGE)].map(([, from, to]) => {
    if (from === undefined) throw invalid(glob);
    const [low, high] = [from, to ?? from].map((end) => end.replace(/^\\(?=.)/su, "")) as [string, string];
    if (high < low) throw invalid(glob);
    return [low, high];
  });
}

function matches(tokens: readonly Token[], text: string): boolean {
  let places = withoutStars(tokens, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token?.kind === "star" && character !== "/") next.add(place);
      if (token?.kind === "one" && token.accepts(character)) next.add(place + 1);
    }
    if (next.size === 0) return false;
    places = withoutStars(tokens, next);
  }
  return places.has(tokens.length);
}

/** A star may stand for nothing: the place behind it is reached too. (A set grows while it is walked, and the walk sees it.) */
function withoutStars(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) {
    if (tokens[place]?.kind === "star") places.add(place + 1);
  }
  return places;
}

function invalid(glob: string): EngineError {
  return new EngineError("invalid", `invalid filter 'reference': syntax error in pattern ${JSON.stringify(glob.slice(0, 100))}`);
}
