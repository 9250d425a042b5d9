import { messageOf } from "#errors/engine-error.ts";
import type { Flag, Flags, ValuesOf } from "./flag.ts";
import { UsageError } from "./usage-error.ts";

export interface Parsed<F extends Flags> {
  readonly values: ValuesOf<F>;
  /** What is no flag, in order. */
  readonly words: readonly string[];
  /** True for `--help`, which ends the reading. */
  readonly help: boolean;
}

/**
 * Reads flags by the rules of the library that Docker uses: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, switches
 * in a bunch (`-itd`), `--` before what is no flag.
 *
 * @param interspersed whether flags may follow words; else the first word ends the flags, as in `run IMAGE --flag-of-the-program`.
 * @throws UsageError with Docker's texts.
 */
export function parseArguments<F extends Flags>(flags: F, argv: readonly string[], interspersed: boolean): Parsed<F> {
  const reader = new Reader(flags, argv);
  const words: string[] = [];
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === "--") return reader.parsed([...words, ...reader.rest()]);
    if (word === "--help" || (word === "-h" && reader.find("short", "h") === undefined)) return { ...reader.parsed(words), help: true };
    if (word.startsWith("--")) reader.readLong(word.slice(2));
    else if (/^-./.test(word)) reader.readShort(word.slice(1));
    else if (interspersed) words.push(word);
    else return reader.parsed([word, ...reader.rest()]);
  }
  return reader.parsed(words);
}

type Entry = readonly [name: string, flag: Flag<unknown>];

class Reader<F extends Flags> {
  readonly #flags: F;
  readonly #argv: string[];
  readonly #values: Map<string, unknown>;

  constructor(flags: F, argv: readonly string[]) {
    this.#flags = flags;
    this.#argv = [...argv];
    this.#values = new Map(Object.entries(flags).map(([name, flag]) => [name, flag.initial]));
  }

  next(): string | undefined {
    return this.#argv.shift();
  }

  rest(): string[] {
    return this.#argv.splice(0);
  }

  parsed(words: readonly string[]): Parsed<F> {
    return { values: Object.fromEntries(this.#values) as ValuesOf<F>, words, help: false };
  }

  find(by: "long" | "short", text: string): Entry | undefined {
    return Object.entries(this.#flags).find(([name, { short }]) => (by === "long" ? name : short) === text);
  }

  readLong(text: string): void {
    const separator = text.indexOf("=");
    const name = separator < 0 ? text : text.slice(0, separator);
    const entry = this.find("long", name);
    if (entry === undefined) throw new UsageError(`unknown flag: --${name}`);
    this.#store(entry, separator < 0 ? this.#argument(entry, `--${name}`) : text.slice(separator + 1));
  }

  readShort(text: string): void {
    const letter = text.slice(0, 1);
    const entry = this.find("short", letter);
    if (entry === undefined) throw new UsageError(`unknown shorthand flag: '${letter}' in -${text}`);
    const rest = text.slice(1);
    if (rest.startsWith("=")) return this.#store(entry, rest.slice(1));
    if (rest === "") return this.#store(entry, this.#argument(entry, `'${letter}' in -${letter}`));
    if (entry[1].value !== undefined) return this.#store(entry, rest);
    this.#store(entry, "true");
    this.readShort(rest);
  }

  /** The next word; a switch takes none. */
  #argument([, { value }]: Entry, shown: string): string {
    if (value === undefined) return "true";
    const word = this.next();
    if (word === undefined) throw new UsageError(`flag needs an argument: ${shown}`);
    return word;
  }

  #store([name, flag]: Entry, given: string): void {
    try {
      this.#values.set(name, flag.read(given, this.#values.get(name)));
    } catch (error) {
      throw wrongValue(name, flag, given, error);
    }
  }
}

/** The words that say which flag did not take its value. */
function wrongValue(name: string, { short }: Pick<Flag<unknown>, "short">, given: string, cause: unknown): UsageError {
  const shown = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return new UsageError(`invalid argument ${JSON.stringify(given)} for "${shown}" flag: ${messageOf(cause)}`);
}
