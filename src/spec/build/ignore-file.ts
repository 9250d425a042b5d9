import path from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";

/**
 * `.dockerignore` by moby's rules (moby/patternmatcher): one pattern a line, `#` at a line's start for comments, `!` for exceptions, the
 * last pattern that matches decides. `*` and `?` stop at a slash, `**` does not, `[a-z]` is a set. A folder that is ignored takes along
 * what is in it.
 */

const MOST_PATTERNS = 10_000;
const LONGEST_PATTERN = 4096;

/**
 * The patterns of such a file, each as it is matched: `/./a/../b/` is `b`.
 *
 * @throws EngineError `invalid`.
 */
export function parseIgnoreFile(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const patterns = lines.filter((line) => !line.startsWith("#")).map((line) => cleaned(line.trim()));
  const found = patterns.filter((pattern) => pattern !== "");
  if (found.length > MOST_PATTERNS) throw new EngineError("invalid", `more than ${MOST_PATTERNS} patterns in the ignore file`);
  found.forEach(checkPattern);
  return found;
}

function cleaned(line: string): string {
  if (line.startsWith("!")) {
    const rest = line.slice(1).trim();
    return `!${rest === "" ? "" : cleanedPath(rest)}`;
  }
  return line === "" ? "" : cleanedPath(line);
}

function cleanedPath(text: string): string {
  return path
    .normalize(text)
    .replace(/(?<=.)\/$/, "")
    .replace(/^\/(?=.)/, "");
}

function checkPattern(pattern: string): void {
  if (pattern === "!") throw new EngineError("invalid", 'illegal exclusion pattern: "!"');
  const isTooLong = pattern.length > LONGEST_PATTERN;
  if (isTooLong || !/^(?:[^[\\]|\\.|\[\^?(?:\\.|[^\\\]])(?:\\.|[^\\\]])*\])*$/su.test(pattern)) {
    throw new EngineError("invalid", `syntax error in ignore pattern ${JSON.stringify(pattern.slice(0, 200))}`);
  }
}

/** Whether a path (relative, with slashes) is ignored. */
export type IgnoreMatcher = (path: string) => boolean;

export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const compiled = patterns.map((pattern) => {
    const isException = pattern.startsWith("!");
    return { isException, matches: compile(isException ? pattern.slice(1) : pattern) };
  });
  return (file) => {
    const candidates = withParents(file);
    let isIgnored = false;
    for (const { isException, matches } of compiled) {
      if (isException === isIgnored && candidates.some(matches)) isIgnored = !isException;
    }
    return isIgnored;
  };
}

function withParents(file: string): readonly string[] {
  const parts = file.split("/");
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
}

type Token =
  | { readonly kind: "one"; readonly accepts: (character: string) => boolean }
  /** `*`, or `**` at a pattern's end. */
  | { readonly kind: "many"; readonly accepts: (character: string) => boolean }
  /** `**` and what is behind it: nothing, or anything that ends in a slash. */
  | { readonly kind: "folders" };

const anything = (): boolean => true;
const noSlash = (character: string): boolean => character !== "/";
const PIECE = /\*\*(\/?)|(\*)|(\?)|\\(.)|\[(\^?)((?:\\.|[^\\\]])+)\]|(.)/gsu;

function compile(pattern: string): (text: string) => boolean {
  if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern;
  const tokens = [...pattern.matchAll(PIECE)].map((match) => tokenOf(match, pattern.length));
  return (text) => matches(tokens, text);
}

function tokenOf(match: RegExpExecArray, length: number): Token {
  const [whole, , star, question, escaped, negation, set, plain] = match;
  if (whole.startsWith("**")) return match.index + whole.length === length ? { kind: "many", accepts: anything } : { kind: "folders" };
  if (star !== undefined) return { kind: "many", accepts: noSlash };
  if (question !== undefined) return { kind: "one", accepts: noSlash };
  if (set !== undefined) return { kind: "one", accepts: setOf(set, negation === "^") };
  const literal = escaped ?? plain;
  return { kind: "one", accepts: (character) => character === literal };
}

function setOf(text: string, isNegated: boolean): (character: string) => boolean {
  const ranges = [...text.matchAll(/\\?(.)(?:-\\?(.))?/gsu)].map(([, from = "", to = from]) => [from, to] as const);
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNegated;
}

/**
 * All ways through a pattern are followed side by side: no pattern makes it slow. A place is a token's number; half of one more says
 * that a `folders` token has begun and has not met its slash.
 */
function matches(tokens: readonly Token[], text: string): boolean {
  let places = spread(tokens, new Set([0]));
  for (const character of text) {
    places = spread(tokens, step(tokens, places, character));
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

function step(tokens: readonly Token[], places: ReadonlySet<number>, character: string): Set<number> {
  const next = new Set<number>();
  for (const place of places) {
    const at = Math.floor(place);
    const token = tokens[at];
    if (token?.kind === "one" && token.accepts(character)) next.add(at + 1);
    if (token?.kind === "many" && token.accepts(character)) next.add(at);
    if (token?.kind === "folders") next.add(at + 0.5);
    if (token?.kind === "folders" && character === "/") next.add(at + 1);
  }
  return next;
}

function spread(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) {
    const token = tokens[place];
    if (token?.kind === "many" || token?.kind === "folders") places.add(place + 1);
  }
  return places;
}
