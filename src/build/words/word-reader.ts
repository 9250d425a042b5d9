import { newBudget, removePrefix, removeSuffix, replace, type Budget } from "./shell-pattern.ts";

export interface WordOptions {
  readonly escape?: "\\" | "`";
  /** Quotes stay in the text. */
  readonly keepQuotes?: boolean;
  /** The escape character stays before what it escapes. */
  readonly keepEscapes?: boolean;
  /** Quotes are characters like any other. */
  readonly ignoreQuotes?: boolean;
  /** What names an unset variable stays as it was written. */
  readonly keepUnset?: boolean;
  /** Shared by all words of a file. */
  readonly budget?: Budget;
}

/** A word that cannot be expanded. */
export class WordError extends Error {
  override readonly name = "WordError";
}

/** `${a:-${b:-…}}` goes no deeper: each level is a call. */
const DEEPEST = 100;
/** Of one word's result. Variables made of variables double with each ARG: twenty lines would be a gigabyte. */
const LONGEST = 1024 * 1024;
const SPECIAL_PARAMETERS = "@*#?-$!";
const isSpace = (character: string): boolean => /^[\s\u0085]$/.test(character);

/** Reads one word from its start to its end; made anew for each. */
export class WordReader {
  readonly matched = new Set<string>();
  readonly unmatched = new Set<string>();
  readonly #source: string;
  readonly #characters: readonly string[];
  readonly #variables: (name: string) => string | undefined;
  readonly #options: WordOptions;
  readonly #escape: string;
  readonly #budget: Budget;
  #keepEscapes: boolean;
  #at = 0;
  #depth = 0;
  #length = 0;

  constructor(source: string, variables: (name: string) => string | undefined, options: WordOptions) {
    this.#source = source;
    this.#characters = Array.from(source);
    this.#variables = variables;
    this.#options = options;
    this.#escape = options.escape ?? "\\";
    this.#budget = options.budget ?? newBudget();
    this.#keepEscapes = options.keepEscapes ?? false;
  }

  /** @throws WordError */
  readText(): string {
    return this.#read(undefined);
  }

  /** Divided at white space that is not quoted. @throws WordError */
  readWords(): readonly string[] {
    const splitter = new Splitter();
    this.#read(splitter);
    return splitter.finish();
  }

  #read(splitter: Splitter | undefined): string {
    try {
      return this.#readUntil(undefined, splitter);
    } catch (error) {
      if (!(error instanceof WordError)) throw error;
      throw new WordError(`failed to process ${JSON.stringify(shortened(this.#source))}: ${error.message}`);
    }
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string | undefined {
    return this.#characters[this.#at++];
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  /** Up to the stop character, which is taken, or to the end where there is none. */
  #readUntil(stop: string | undefined, splitter?: Splitter): string {
    let text = "";
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === stop) {
        this.#at += 1;
        return text;
      }
      const piece = this.#piece(character, splitter);
      this.#count(piece);
      text += piece;
    }
    if (stop !== undefined) throw new WordError(`unexpected end of statement while looking for matching ${stop}`);
    return text;
  }

  #piece(character: string, splitter: Splitter | undefined): string {
    const isSplit = character === "$" || !(character === "<" || character === this.#escape || this.#isQuote(character));
    const piece = this.#taken(character);
    if (isSplit) splitter?.addSplit(piece);
    else splitter?.addWhole(piece);
    return piece;
  }

  #isQuote(character: string): boolean {
    return this.#options.ignoreQuotes !== true && (character === "'" || character === '"');
  }

  #taken(character: string): string {
    if (character === "$") return this.#dollar();
    if (character === "<") return this.#less();
    if (this.#isQuote(character)) return character === "'" ? this.#singleQuoted() : this.#doubleQuoted();
    this.#at += 1;
    if (character !== this.#escape) return character;
    return (this.#keepEscapes ? character : "") + (this.#next() ?? "");
  }

  #count(piece: string): void {
    this.#length += piece.length;
    this.#budget.characters -= piece.length;
    if (this.#budget.characters < 0) throw new WordError("the variables of the file expand to too much text");
    if (this.#length > LONGEST) throw new WordError(`it expands to more than ${LONGEST} characters`);
  }

  /** `<<` and the blanks behind it stay together with the name that follows: the beginning of a here-document. */
  #less(): string {
    this.#at += 1;
    if (!this.#take("<")) return "<";
    let text = "<<";
    for (let next = this.#peek(); next === " " || next === "\t" || next === "\r"; next = this.#peek()) text += this.#next() ?? "";
    return text;
  }

  #singleQuoted(): string {
    const start = this.#at;
    const end = this.#characters.indexOf("'", start + 1);
    if (end < 0) throw new WordError("unexpected end of statement while looking for matching single-quote");
    this.#at = end + 1;
    const inner = this.#characters.slice(start + 1, end).join("");
    return this.#options.keepQuotes === true ? `'${inner}'` : inner;
  }

  #doubleQuoted(): string {
    this.#at += 1;
    let text = "";
    for (let character = this.#peek(); character !== '"'; character = this.#peek()) {
      if (character === undefined) throw new WordError("unexpected end of statement while looking for matching double-quote");
      text += character === "$" ? this.#dollar() : this.#quotedCharacter();
    }
    this.#at += 1;
    return this.#options.keepQuotes === true ? `"${text}"` : text;
  }

  /** In double quotes only a quote, a dollar and the escape character itself can be escaped. */
  #quotedCharacter(): string {
    const character = this.#next() ?? "";
    if (character !== this.#escape) return character;
    const kept = this.#keepEscapes ? character : "";
    const next = this.#peek();
    if (next === undefined) return kept;
    if (next !== '"' && next !== "$" && next !== this.#escape) return kept + character;
    this.#at += 1;
    return kept + next;
  }

  #dollar(): string {
    this.#at += 1;
    if (!this.#take("{")) return this.#plainVariable();
    if (++this.#depth > DEEPEST) throw new WordError(`substitutions are nested more than ${DEEPEST} deep`);
    const value = this.#braced();
    this.#depth -= 1;
    return value;
  }

  #plainVariable(): string {
    const name = this.#name();
    if (name === "") return "$";
    const value = this.#lookUp(name);
    return value ?? (this.#options.keepUnset === true ? `$${name}` : "");
  }

  #braced(): string {
    const first = this.#peek();
    if (first === undefined) throw new WordError("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") throw new WordError("syntax error: bad substitution");
    const name = this.#name();
    const operator = this.#next();
    if (operator === undefined) throw new WordError("syntax error: missing '}'");
    if (operator === "}") return this.#lookUp(name) ?? (this.#options.keepUnset === true ? `\${${name}}` : "");
    if (operator === "/") return this.#replaced(name);
    if (operator === ":") return this.#modified(name, `:${this.#next() ?? ""}`);
    return this.#modified(name, operator);
  }

  #modified(name: string, operator: string): string {
    if (!["-", "+", "?", ":-", ":+", ":?", "#", "%"].includes(operator)) {
      throw new WordError(`unsupported modifier (${operator}) in substitution`);
    }
    const isTrim = operator === "#" || operator === "%";
    const word = this.#inner("}", isTrim, "syntax error: missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}${operator}${word}}`;
    if (isTrim) return this.#trimmed(operator, word, value ?? "");
    const isUnset = value === undefined || (operator.startsWith(":") && value === "");
    if (operator.endsWith("-")) return isUnset ? word : value;
    if (operator.endsWith("+")) return isUnset ? "" : word;
    if (!isUnset) return value;
    throw new WordError(`${name}: ${word || `is not allowed to be ${value === undefined ? "unset" : "empty"}`}`);
  }

  #trimmed(operator: string, word: string, value: string): string {
    const isGreedy = word.startsWith(operator);
    const pattern = isGreedy ? word.slice(1) : word;
    return explained(pattern, () => (operator === "#" ? removePrefix : removeSuffix)(value, pattern, isGreedy, this.#budget));
  }

  #replaced(name: string): string {
    const isAll = this.#take("/");
    const pattern = this.#inner("/", true, "syntax error: missing '/' in ${}");
    const by = this.#inner("}", true, "syntax error: missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${by}}`;
    return explained(pattern, () => replace(value ?? "", pattern, by, isAll, LONGEST, this.#budget));
  }

  /** The word within a substitution; in patterns escapes are the pattern's own. */
  #inner(stop: string, keepEscapes: boolean, atEnd: string): string {
    const before = this.#keepEscapes;
    this.#keepEscapes = keepEscapes;
    try {
      return this.#readUntil(stop);
    } catch (error) {
      if (error instanceof WordError && this.#peek() === undefined) throw new WordError(atEnd);
      throw error;
    } finally {
      this.#keepEscapes = before;
    }
  }

  /** Letters, digits and `_`; or digits alone; or one of the shell's special parameters, which are never set here. */
  #name(): string {
    const first = this.#peek() ?? "";
    if (/^\p{Nd}$/u.test(first)) return this.#takeWhile(/^\p{Nd}$/u);
    if (first !== "" && SPECIAL_PARAMETERS.includes(first)) return this.#next() ?? "";
    return this.#takeWhile(/^[\p{L}\p{Nd}_]$/u);
  }

  #takeWhile(pattern: RegExp): string {
    const start = this.#at;
    while (pattern.test(this.#peek() ?? "")) this.#at += 1;
    return this.#characters.slice(start, this.#at).join("");
  }

  #lookUp(name: string): string | undefined {
    const value = this.#variables(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value;
  }
}

function explained(pattern: string, action: () => string): string {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WordError(`invalid pattern (${shortened(pattern)}) in substitution: ${error.message}`);
  }
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Collects words: white space divides them where it was not quoted or escaped. */
class Splitter {
  readonly #words: string[] = [];
  #word = "";

  addSplit(text: string): void {
    for (const character of text) {
      if (isSpace(character)) this.#close();
      else this.#word += character;
    }
  }

  addWhole(text: string): void {
    this.#word += text;
  }

  finish(): string[] {
    this.#close();
    return this.#words;
  }

  #close(): void {
    if (this.#word !== "") this.#words.push(this.#word);
    this.#word = "";
  }
}
