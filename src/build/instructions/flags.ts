import { Refusal } from "../parser/fault.ts";
import { didYouMean } from "./suggest.ts";

type FlagKind = "boolean" | "text" | "texts";

/** The flags of one instruction, by name. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  boolean(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === "true";
  }
}

/**
 * Reads `--name` and `--name=value` words against what an instruction knows.
 *
 * @throws Refusal
 */
export function readFlags(words: readonly string[], known: Readonly<Record<string, FlagKind>>): Flags {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const [, name = "", equals, value = ""] = /^--([^=]*)(=)?(.*)$/s.exec(word) ?? [];
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw new Refusal(`unknown flag: --${name}${didYouMean(name, Object.keys(known))}`);
    if (values.has(name) && kind !== "texts") throw new Refusal(`duplicate flag specified: --${name}`);
    if (value === "" && (kind === "boolean" ? equals !== undefined : equals === undefined)) {
      throw new Refusal(`missing a value on flag: --${name}`);
    }
    values.set(name, [...(values.get(name) ?? []), kind === "boolean" ? booleanOf(name, value) : value]);
  }
  return new Flags(values);
}

function booleanOf(name: string, value: string): string {
  const lower = value.toLowerCase();
  if (lower === "" || lower === "true") return "true";
  if (lower === "false") return "false";
  throw new Refusal(`expecting boolean value for flag --${name}, not: ${value}`);
}
