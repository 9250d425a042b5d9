import { ConfigError } from "../config-error.ts";

interface JsonTypes {
  boolean: boolean;
  string: string;
  number: number;
  object: Readonly<Record<string, unknown>>;
}

/** @throws ConfigError when the value is of another JSON type. */
export function want<K extends keyof JsonTypes>(type: K, value: unknown): JsonTypes[K] {
  const actual = jsonTypeOf(value);
  if (actual !== type) throw new ConfigError(`want ${article(type)}, not ${article(actual)}`);
  return value as JsonTypes[K];
}

export function wantInteger(value: unknown): number {
  const number = want("number", value);
  if (!Number.isSafeInteger(number)) throw new ConfigError("want a whole number");
  return number;
}

export function wantList<T>(value: unknown, convert: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new ConfigError(`want a list, not ${article(jsonTypeOf(value))}`);
  return value.map(convert);
}

export const wantStrings = (value: unknown): string[] => wantList(value, (item) => want("string", item));

/** Reads a JSON object as a map from names to values of one kind. */
export function wantMap<T>(value: unknown, convert: (item: unknown, key: string) => T): Record<string, T> {
  return record(Object.entries(want("object", value)).map(([key, item]) => [key, convert(item, key)]));
}

/** An object without a prototype: a key `__proto__` is plain data. Later entries win. */
export function record<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const result = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) result[key] = value;
  return result;
}

function jsonTypeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function article(type: string): string {
  if (type === "null" || type === "undefined") return type;
  return `${type === "object" ? "an" : "a"} ${type}`;
}
