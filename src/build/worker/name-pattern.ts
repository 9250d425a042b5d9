import { EngineError } from "#errors/engine-error.ts";

type Token = { readonly kind: "star" } | { readonly kind: "one"; readonly accepts: (character: string) => boolean };

const PIECE = /\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|([*?])|([^[\]\\*?]|\])|(.)/gsu;
const RANGE = /(\\.|[^\\-])(?:-(\\.|[^\\-]))?|(.)/gsu;

export function hasWildcards(text: string): boolean {
  return /[*?[\\]/.test(text);
}

/**
 * One name out of a pattern of Go's `filepath.Match`: `*`, `?`, sets, a backslash before what is to be taken as it is. All ways through
 * it are followed side by side, so that no pattern is slow.
 *
 * @throws EngineError `invalid`.
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const tokens = [...pattern.replace(/\*+/g, "*").matchAll(PIECE)].map((match) => tokenOf(match, pattern));
  return (name) => {
    let places = passStars(tokens, [0]);
    for (const character of name) {
      const next: number[] = [];
      for (const place of places) {
        const token = tokens[place];
        if (token?.kind === "star") next.push(place);
        if (token?.kind === "one" && token.accepts(character)) next.push(place + 1);
      }
      places = passStars(tokens, next);
      if (places.size === 0) return false;
    }
    return places.has(tokens.length);
  };
}

/** A star may stand for nothing. (A set grows while it is walked, and the walk sees it.) */
function passStars(tokens: readonly Token[], places: readonly number[]): Set<number> {
  const all = new Set(places);
  for (const place of all) if (tokens[place]?.kind === "star") all.add(place + 1);
  return all;
}

function tokenOf([, escaped, negation, set, wild, plain]: RegExpMatchArray, pattern: string): Token {
  if (wild === "*") return { kind: "star" };
  if (wild === "?") return { kind: "one", accepts: () => true };
  if (set !== undefined) {
    const ranges = [...set.matchAll(RANGE)].map(([, from, to]) => rangeOf(from, to, pattern));
    return { kind: "one", accepts: (one) => ranges.some(([low, high]) => low <= one && one <= high) !== (negation === "^") };
  }
  const literal = escaped ?? plain;
  if (literal === undefined) throw malformed(pattern);
  return { kind: "one", accepts: (one) => one === literal };
}

function rangeOf(from: string | undefined, to: string | undefined, pattern: string): [string, string] {
  if (from === undefined) throw malformed(pattern);
  const [low = "", high = ""] = [from, to ?? from].map((end) => end.replace(/^\\(?=.)/su, ""));
  if (high < low) throw malformed(pattern);
  return [low, high];
}

function malformed(pattern: string): EngineError {
  return new EngineError("invalid", `syntax error in pattern ${JSON.stringify(pattern.slice(0, 200))}`);
}
