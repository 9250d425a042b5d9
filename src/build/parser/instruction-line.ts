export interface InstructionLine {
  readonly keyword: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Divides a logical line into the instruction's word, its `--flags` and the rest. */
export function splitInstruction(line: string, escape: string): InstructionLine {
  const text = line.trim();
  const [keyword = ""] = text.split(/[\t\v\f\r ]+/, 1);
  const { flags, end } = readFlags(text, keyword.length, escape);
  return { keyword, flags, rest: text.slice(end).trim() };
}

/** Flags come first, each begins with `--`, quotes group within them, and `--` alone ends them. */
function readFlags(text: string, start: number, escape: string): { flags: string[]; end: number } {
  const flags: string[] = [];
  let at = start;
  for (;;) {
    while (/\s/.test(text.charAt(at))) at++;
    if (!text.startsWith("--", at)) return { flags, end: at };
    const { word, end } = readFlag(text, at, escape);
    at = end;
    if (word === "--") return { flags, end: at };
    flags.push(word);
  }
}

function readFlag(text: string, start: number, escape: string): { word: string; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === escape) word += text.charAt(++at);
    else if (quote !== "" && character === quote) quote = "";
    else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (quote === "" && /\s/.test(character)) break;
    else word += character;
  }
  return { word, end: at };
}
