import { expandWords } from "../words/expand.ts";
import { WordError } from "../words/word-reader.ts";
import type { Heredoc } from "./node.ts";

export type HeredocStart = Omit<Heredoc, "content">;

const nothing = (): undefined => undefined;
const START = /^(\d*)<<(-?)\s*([^<]*)$/;

/** `<<EOF`, `3<<-"EOF"`: the beginning of a here-document, if the word is one. */
export function heredocStart(word: string): HeredocStart | undefined {
  const [, number = "", dash = "", rest = ""] = START.exec(word) ?? [];
  if (rest === "") return undefined;
  const [name, ...others] = expandWords(rest, nothing, { keepUnset: true });
  if (name === undefined || others.length > 0) return undefined;
  const [raw = ""] = expandWords(rest, nothing, { keepUnset: true, keepQuotes: true });
  return { name, fileDescriptor: Number(number.slice(0, 9)), expand: quotes(name) === quotes(raw), chomp: dash === "-" };
}

function quotes(text: string): number {
  return text.replace(/[^'"]/g, "").length;
}

/** All that a logical line begins, in order. A line whose quotes do not close begins none. @throws WordError */
export function heredocsOf(line: string): readonly HeredocStart[] {
  return lineWords(line).flatMap((word) => heredocStart(word) ?? []);
}

function lineWords(line: string): readonly string[] {
  try {
    return expandWords(line, nothing, { keepQuotes: true, keepEscapes: true, keepUnset: true });
  } catch (error) {
    if (error instanceof WordError) return [];
    throw error;
  }
}

/** The content without the tabs at the start of its lines, where it was begun with `<<-`. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, "") : heredoc.content;
}
