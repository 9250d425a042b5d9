import { WordReader, type WordOptions } from "./word-reader.ts";

/** Variables by name; undefined is unset. */
export type Variables = (name: string) => string | undefined;

export interface Expansion {
  readonly text: string;
  /** Names that the word asked for and that were set. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

/**
 * Expands the variables of one word and takes its quotes and escapes away, as BuildKit's shell lexer does (frontend/dockerfile/shell):
 * `$x ${x} ${x:-y} ${x-y} ${x:+y} ${x+y} ${x:?e} ${x?e} ${x#p} ${x##p} ${x%p} ${x%%p} ${x/a/b} ${x//a/b}`.
 *
 * @throws WordError
 */
export function expandWord(word: string, variables: Variables, options: WordOptions = {}): Expansion {
  const reader = new WordReader(word, variables, options);
  const text = reader.readText();
  return { text, matched: reader.matched, unmatched: reader.unmatched };
}

/**
 * The same, and then divided where white space is that no quote protects: what a variable brought in is divided too.
 *
 * @throws WordError
 */
export function expandWords(text: string, variables: Variables, options: WordOptions = {}): readonly string[] {
  return new WordReader(text, variables, options).readWords();
}
