/**
 * Regular expressions from outside, matched in time that grows with pattern times text and no further: a set of states is followed, as
 * Go's regexp (RE2) does it. JavaScript's own backtracks, and `(a+)+$` would hold up whoever runs it.
 *
 * What it knows of Go's syntax: text, `.`, `[classes]`, `\d \w \s` and their opposites, escapes, groups, `(?i)` at the start, `|`,
 * `* + ? {n,m}` also lazy, `^ $ \A \z \b \B`. No captures: the question is whether it matches anywhere.
 *
 * @returns undefined for a pattern that is none, or is too large.
 */
export function linearPattern(pattern: string): ((text: string) => boolean) | undefined {
  if (pattern.length > LONGEST_PATTERN) return undefined;
  try {
    const ignoreCase = pattern.startsWith("(?i)");
    const parser = new Parser(fold(ignoreCase ? pattern.slice(4) : pattern, false), ignoreCase);
    const program = compile(parser.parse());
    return (text) => run(program, fold(text, ignoreCase));
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

const LONGEST_PATTERN = 1000;
/** Instructions. A count is written out, and counts of counts multiply. */
const LARGEST_PROGRAM = 5000;
const LARGEST_COUNT = 1000;

class PatternError extends Error {}

function fold(text: string, ignoreCase: boolean): string {
  return ignoreCase ? text.toLowerCase() : text;
}

type Accepts = (character: string) => boolean;
/** Whether it holds between two characters; undefined at the ends of the text. */
type Holds = (before: string | undefined, after: string | undefined) => boolean;

type Node =
  | { readonly kind: "character"; readonly accepts: Accepts }
  | { readonly kind: "assertion"; readonly holds: Holds }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly parts: readonly Node[] }
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number };

const isWord: Accepts = (character) => /^\w$/.test(character);
const CLASSES: Readonly<Record<string, Accepts>> = {
  d: (character) => /^\d$/.test(character),
  w: isWord,
  s: (character) => /^[\t\n\f\r ]$/.test(character),
};
const atBoundary: Holds = (before, after) => (before !== undefined && isWord(before)) !== (after !== undefined && isWord(after));
const ASSERTIONS: Readonly<Record<string, Holds>> = {
  A: (before) => before === undefined,
  z: (_, after) => after === undefined,
  b: atBoundary,
  B: (before, after) => !atBoundary(before, after),
};

class Parser {
  readonly #characters: readonly string[];
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(pattern: string, ignoreCase: boolean) {
    this.#characters = Array.from(pattern);
    this.#ignoreCase = ignoreCase;
  }

  /** @throws PatternError */
  parse(): Node {
    const node = this.#choice();
    if (this.#peek() !== undefined) throw new PatternError();
    return node;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new PatternError();
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #choice(): Node {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return { kind: "choice", parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): Node {
    let part = this.#single();
    for (let count = this.#count(); count !== undefined; count = this.#count()) {
      part = { kind: "repeat", part, ...count };
      this.#take("?"); // Lazy or not, it matches the same texts.
    }
    return part;
  }

  #count(): { least: number; most: number } | undefined {
    if (this.#take("*")) return { least: 0, most: Infinity };
    if (this.#take("+")) return { least: 1, most: Infinity };
    if (this.#take("?")) return { least: 0, most: 1 };
    const rest = this.#characters.slice(this.#at, this.#at + 12).join("");
    const [whole, first = "", comma, last = ""] = /^\{(\d{1,4})(,)?(\d{1,4})?\}/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    this.#at += whole.length;
    const least = Number(first);
    const most = comma === undefined ? least : last === "" ? Infinity : Number(last);
    if (least > LARGEST_COUNT || (most !== Infinity && most > LARGEST_COUNT) || most < least) throw new PatternError();
    return { least, most };
  }

  #single(): Node {
    const character = this.#next();
    if (character === "(") return this.#group();
    if (character === "[") return { kind: "character", accepts: this.#set() };
    if (character === "\\") return this.#escape();
    if (character === "^") return { kind: "assertion", holds: (before) => before === undefined };
    if (character === "$") return { kind: "assertion", holds: (_, after) => after === undefined };
    if (character === ".") return { kind: "character", accepts: (one) => one !== "\n" };
    if ("*+?".includes(character)) throw new PatternError();
    return this.#literal(character);
  }

  #group(): Node {
    if (this.#take("?") && !this.#take(":")) throw new PatternError();
    const node = this.#choice();
    if (!this.#take(")")) throw new PatternError();
    return node;
  }

  #escape(): Node {
    const name = this.#next();
    const holds = ASSERTIONS[name];
    if (holds !== undefined) return { kind: "assertion", holds };
    const accepts = classOf(name);
    return accepts === undefined ? this.#literal(escaped(name)) : { kind: "character", accepts };
  }

  #literal(character: string): Node {
    const wanted = fold(character, this.#ignoreCase);
    return { kind: "character", accepts: (one) => one === wanted };
  }

  #set(): Accepts {
    const negated = this.#take("^");
    const members: Accepts[] = [];
    // A bracket that comes first is one of the set.
    while (members.length === 0 || this.#peek() !== "]") members.push(this.#member());
    this.#next();
    return (character) => members.some((accepts) => accepts(character)) !== negated;
  }

  #member(): Accepts {
    const first = this.#next();
    if (first === "\\") {
      const name = this.#next();
      return classOf(name) ?? this.#range(escaped(name));
    }
    return this.#range(first);
  }

  #range(first: string): Accepts {
    const isRange = this.#peek() === "-" && this.#characters[this.#at + 1] !== "]" && this.#characters[this.#at + 1] !== undefined;
    if (!isRange) return (character) => character === fold(first, this.#ignoreCase);
    this.#next();
    const end = this.#next();
    const last = end === "\\" ? escaped(this.#next()) : end;
    if (last < first) throw new PatternError();
    const isIn: Accepts = (character) => character >= first && character <= last;
    return this.#ignoreCase ? (character) => isIn(character) || isIn(character.toUpperCase()) : isIn;
  }
}

function classOf(name: string): Accepts | undefined {
  const accepts = CLASSES[name.toLowerCase()];
  if (accepts === undefined) return undefined;
  return name === name.toLowerCase() ? accepts : (character) => !accepts(character);
}

function escaped(name: string): string {
  const control = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" }[name];
  if (control !== undefined) return control;
  // Of Go's other letters none is known here: better no match than another than was meant.
  if (/^[A-Za-z0-9]$/.test(name)) throw new PatternError();
  return name;
}

type Instruction =
  | { readonly kind: "character"; readonly accepts: Accepts }
  | { readonly kind: "assertion"; readonly holds: Holds }
  | { readonly kind: "split"; targets: readonly number[] };

/** Falls through from one instruction to the next; the end is behind the last. */
function compile(node: Node, program: Instruction[] = []): Instruction[] {
  if (program.length > LARGEST_PROGRAM) throw new PatternError();
  switch (node.kind) {
    case "character":
    case "assertion":
      program.push(node);
      break;
    case "sequence":
      for (const part of node.parts) compile(part, program);
      break;
    case "choice":
      compileChoice(node.parts, program);
      break;
    case "repeat":
      compileRepeat(node, program);
  }
  return program;
}

function compileChoice(parts: readonly Node[], program: Instruction[]): void {
  const split = { kind: "split" as const, targets: [] as number[] };
  program.push(split);
  const ends: { targets: readonly number[] }[] = [];
  for (const part of parts) {
    split.targets.push(program.length);
    compile(part, program);
    const end: Instruction = { kind: "split", targets: [] };
    program.push(end);
    ends.push(end);
  }
  for (const end of ends) end.targets = [program.length];
}

function compileRepeat({ part, least, most }: Extract<Node, { kind: "repeat" }>, program: Instruction[]): void {
  for (let count = 0; count < least; count += 1) compile(part, program);
  if (most !== Infinity) {
    const splits: { targets: readonly number[] }[] = [];
    for (let count = least; count < most; count += 1) {
      const split: Instruction = { kind: "split", targets: [program.length + 1] };
      splits.push(split);
      program.push(split);
      compile(part, program);
    }
    for (const split of splits) split.targets = [...split.targets, program.length];
    return;
  }
  const split: Instruction = { kind: "split", targets: [] };
  const start = program.push(split) - 1;
  compile(part, program);
  program.push({ kind: "split", targets: [start] });
  split.targets = [start + 1, program.length];
}

function run(program: readonly Instruction[], text: string): boolean {
  const characters = Array.from(text);
  let states = new Set<number>();
  for (let at = 0; at <= characters.length; at += 1) {
    // It may begin anywhere.
    states.add(0);
    const reached = closure(program, states, characters[at - 1], characters[at]);
    if (reached.has(program.length)) return true;
    states = new Set();
    const character = characters[at];
    if (character === undefined) break;
    for (const state of reached) {
      const instruction = program[state];
      if (instruction?.kind === "character" && instruction.accepts(character)) states.add(state + 1);
    }
  }
  return false;
}

/** All that is reached without taking a character. */
function closure(
  program: readonly Instruction[],
  states: Iterable<number>,
  before: string | undefined,
  after: string | undefined,
): Set<number> {
  const reached = new Set<number>();
  const open = [...states];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (reached.has(state)) continue;
    reached.add(state);
    const instruction = program[state];
    if (instruction?.kind === "split") open.push(...instruction.targets);
    else if (instruction?.kind === "assertion" && instruction.holds(before, after)) open.push(state + 1);
  }
  return reached;
}
