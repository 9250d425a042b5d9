import { messageOf } from "#errors/engine-error.ts";
import { WordError } from "../words/word-reader.ts";
import { directiveOf, escapeOf, noCheck, parseCheck } from "./directives.ts";
import { DockerfileFault } from "./fault.ts";
import { heredocsOf, type HeredocStart } from "./heredoc.ts";
import { splitInstruction, type InstructionLine } from "./instruction-line.ts";
import { jsonWords } from "./json-words.ts";
import { decodeDockerfile, linesOf } from "./lines.ts";
import type { CheckDirective, DockerfileNode, Heredoc, ParsedDockerfile, SourceRange } from "./node.ts";

/** More than an image's history may have. */
const MOST_INSTRUCTIONS = 10_000;
const WITH_HEREDOCS: ReadonlySet<string> = new Set(["add", "copy", "run"]);

/**
 * Parses a Dockerfile's bytes into instructions, as BuildKit's parser does, and understands none of them.
 *
 * @throws DockerfileFault with the lines.
 */
export function parseDockerfile(bytes: Uint8Array): ParsedDockerfile {
  return new DockerfileParser(linesOf(decodeDockerfile(bytes))).parse();
}

class DockerfileParser {
  readonly #lines: readonly string[];
  readonly #nodes: DockerfileNode[] = [];
  readonly #emptyContinuations: SourceRange[] = [];
  readonly #seen = new Set<string>();
  #at = 0;
  #comments: string[] = [];
  #escape: "\\" | "`" = "\\";
  #syntax: string | undefined;
  #check: CheckDirective = noCheck;
  #isHead = true;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  parse(): ParsedDockerfile {
    while (this.#at < this.#lines.length) this.#instruction();
    if (this.#nodes.length === 0) {
      throw new DockerfileFault(this.#lines.length === 0 ? "the Dockerfile cannot be empty" : "file with no instructions", [
        { first: 1, last: Math.max(1, this.#lines.length) },
      ]);
    }
    return {
      nodes: this.#nodes,
      escape: this.#escape,
      syntax: this.#syntax,
      check: this.#check,
      emptyContinuations: this.#emptyContinuations,
    };
  }

  #instruction(): void {
    const first = this.#at + 1;
    const line = withoutEnd(this.#next()).trimStart();
    if (this.#isHead && this.#directive(line)) return;
    if (line.startsWith("#")) return this.#comment(line.slice(1).trim());
    if (line === "") return;
    const original = this.#continued(line, first);
    this.#add(original, first);
  }

  #next(): string {
    return this.#lines[this.#at++] ?? "";
  }

  /** Directives stand at the very top, before any comment and any instruction. */
  #directive(line: string): boolean {
    const directive = directiveOf(line);
    this.#isHead = directive !== undefined;
    if (directive === undefined) return false;
    const { name, value } = directive;
    if (this.#seen.has(name)) throw this.#faultHere(`only one ${name} parser directive can be used`);
    this.#seen.add(name);
    try {
      if (name === "escape") this.#escape = escapeOf(value);
      if (name === "check") this.#check = parseCheck(value);
      if (name === "syntax") [this.#syntax] = value.split(" ", 1);
    } catch (error) {
      throw this.#faultHere(messageOf(error));
    }
    return true;
  }

  #faultHere(message: string): DockerfileFault {
    return new DockerfileFault(message, [{ first: this.#at, last: this.#at }]);
  }

  #comment(text: string): void {
    if (text === "") this.#comments = [];
    else this.#comments.push(text);
  }

  /** Joins continuation lines. Comment lines among them are left out, and so are empty ones, which earn a warning. */
  #continued(line: string, first: number): string {
    let { text, isEnd } = this.#withoutContinuation(line);
    const pieces = [text];
    let hasEmpty = false;
    while (!isEnd && this.#at < this.#lines.length) {
      const next = withoutEnd(this.#next());
      if (next.trimStart().startsWith("#")) continue;
      if (next.trim() === "") {
        hasEmpty = true;
        continue;
      }
      ({ text, isEnd } = this.#withoutContinuation(next));
      pieces.push(text);
    }
    if (hasEmpty) this.#emptyContinuations.push({ first, last: this.#at });
    return pieces.join("");
  }

  /** The escape character at a line's end, but for one that is escaped itself. */
  #withoutContinuation(line: string): { text: string; isEnd: boolean } {
    const text = line.replace(/[ \t]+$/, "");
    const isContinued = text.endsWith(this.#escape) && text.at(-2) !== this.#escape;
    return isContinued ? { text: text.slice(0, -1), isEnd: false } : { text: line, isEnd: true };
  }

  #add(original: string, first: number): void {
    const line = splitInstruction(original, this.#escape);
    const heredocs = this.#heredocs(original, line, first);
    if (this.#nodes.length >= MOST_INSTRUCTIONS) throw this.#faultHere(`more than ${MOST_INSTRUCTIONS} instructions`);
    this.#nodes.push({ ...line, original, heredocs, comments: this.#comments, range: { first, last: this.#at } });
    this.#comments = [];
  }

  #heredocs(original: string, line: InstructionLine, first: number): readonly Heredoc[] {
    if (!original.includes("<<") || !this.#mayHaveHeredocs(line)) return [];
    return this.#starts(original, first).map((start) => ({ ...start, content: this.#heredocContent(start, first) }));
  }

  #starts(original: string, first: number): readonly HeredocStart[] {
    try {
      return heredocsOf(original);
    } catch (error) {
      if (error instanceof WordError) throw new DockerfileFault(error.message, [{ first, last: this.#at }], { cause: error });
      throw error;
    }
  }

  /** Not in the exec form, whose words nobody interprets. */
  #mayHaveHeredocs({ keyword, rest }: InstructionLine): boolean {
    const name = keyword.toLowerCase();
    if (name === "onbuild") return rest !== "" && this.#mayHaveHeredocs(splitInstruction(rest, this.#escape));
    return WITH_HEREDOCS.has(name) && jsonWords(rest) === undefined;
  }

  #heredocContent(start: HeredocStart, first: number): string {
    const from = this.#at;
    while (this.#at < this.#lines.length) {
      const line = withoutEnd(this.#next());
      if ((start.chomp ? line.replace(/^\t+/, "") : line) === start.name) return this.#lines.slice(from, this.#at - 1).join("");
    }
    throw new DockerfileFault(`unterminated heredoc`, [{ first, last: this.#at }]);
  }
}

function withoutEnd(line: string): string {
  return line.replace(/[\r\n]+$/, "");
}
