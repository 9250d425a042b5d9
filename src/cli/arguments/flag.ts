import { EngineError } from "#errors/engine-error.ts";

/** A flag of a command: how it is written, what it says of itself, and what it makes of its text. */
export interface Flag<V> {
  /** One letter, as in `-a`. */
  readonly short?: string | undefined;
  /** What stands for its value in the help (`string`, `list`); undefined for a switch, which takes none. */
  readonly value?: string | undefined;
  readonly help: string;
  /** What it is when it is not given. */
  readonly initial: V;
  /** @throws EngineError `invalid` that says what was wanted. */
  read(text: string, before: V): V;
}

/** The flags of a command by their long names. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type ValuesOf<F extends Flags> = { readonly [Name in keyof F]: F[Name] extends Flag<infer V> ? V : never };

/** On or off: `--rm`, `--rm=false`. */
export function toggle(help: string, { short, initial = false }: { short?: string; initial?: boolean } = {}): Flag<boolean> {
  return { short, help, initial, read: readBoolean };
}

/** A text; the last one counts. */
export function text(help: string, { short, value = "string" }: { short?: string; value?: string } = {}): Flag<string | undefined> {
  return { short, value, help, initial: undefined, read: (given) => given };
}

/** Any number of texts. */
export function list(help: string, { short, value = "list" }: { short?: string; value?: string } = {}): Flag<readonly string[]> {
  return { short, value, help, initial: [], read: (given, before) => [...before, given] };
}

/** A whole number. */
export function integer(help: string, { short }: { short?: string } = {}): Flag<number | undefined> {
  return { short, value: "int", help, initial: undefined, read: readInteger };
}

const BOOLEANS: Readonly<Record<string, boolean>> = { "1": true, t: true, true: true, "0": false, f: false, false: false };

function readBoolean(given: string): boolean {
  return BOOLEANS[given.toLowerCase()] ?? invalid("must be true or false");
}

export function readInteger(given: string): number {
  return /^[+-]?\d{1,15}$/.test(given) ? Number(given) : invalid("must be a whole number");
}

export function invalid(want: string): never {
  throw new EngineError("invalid", want);
}
