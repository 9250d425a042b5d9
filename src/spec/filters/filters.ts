import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";

/** Filters of a list, prune or events call: a value matches a key when it matches one of its values; every key has to match. */
export type Filters = ReadonlyMap<string, readonly string[]>;

const MOST_VALUES = 10_000;

/**
 * Parses the query parameter `filters`: `{"key":["a","b"]}`, or the old form `{"key":{"a":true}}`. Absent or empty is no filter.
 *
 * @param known the keys this call understands.
 * @throws EngineError `invalid` for malformed JSON, an unknown key, or too many values.
 */
export function parseFilters(text: string | null | undefined, known: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  if (text === null || text === undefined || text === "") return filters;
  for (const [key, value] of Object.entries(parseObject(text))) {
    if (!known.includes(key)) throw new EngineError("invalid", `invalid filter '${key}'`);
    const values = valuesOf(key, value);
    if (values.length > MOST_VALUES) throw new EngineError("invalid", `invalid filter '${key}': more than ${MOST_VALUES} values`);
    filters.set(key, values);
  }
  return filters;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", "invalid filters: not JSON", { cause });
  }
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new EngineError("invalid", "invalid filters: want a JSON object");
  return value as Record<string, unknown>;
}

function valuesOf(key: string, value: unknown): string[] {
  const wrong = (): EngineError => new EngineError("invalid", `invalid filter '${key}': want a list of strings`);
  if (Array.isArray(value)) {
    if (!value.every((item) => typeof item === "string")) throw wrong();
    return value;
  }
  if (typeof value !== "object" || value === null) throw wrong();
  return Object.entries(value)
    .filter(([, on]) => on === true)
    .map(([name]) => name);
}

/** True when there is no such filter, or one of its values is accepted. */
export function matchesAny(filters: Filters, key: string, accept: (value: string) => boolean): boolean {
  const values = filters.get(key);
  return values === undefined || values.length === 0 || values.some(accept);
}

/** `label=key` and `label=key=value`: every value has to match (and none of `label!`). */
export function matchesLabels(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const matches = (value: string): boolean => {
    const separator = value.indexOf("=");
    const key = separator < 0 ? value : value.slice(0, separator);
    return Object.hasOwn(labels, key) && (separator < 0 || labels[key] === value.slice(separator + 1));
  };
  return (filters.get("label") ?? []).every(matches) && !(filters.get("label!") ?? []).some(matches);
}
